#include "quantier/note/pdf_file.h"

#include <cmath>
#include <cstdint>
#include <zlib.h>

#include <fmt/format.h>
#include <utf8proc.h>

#include "quantier/base/check.h"
#include "quantier/base/sha256.h"

namespace quantier::note_internal {
namespace {

constexpr int kLevel = 6;

std::string deflated(std::string_view content) {
  uLongf size = compressBound(static_cast<uLong>(content.size()));
  std::string out(size, '\0');
  const int result =
      compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(content.data()),
                static_cast<uLong>(content.size()), kLevel);
  QT_CHECK(result == Z_OK, "the buffer is as large as zlib asks for");
  out.resize(size);
  return out;
}

}  // namespace

std::size_t PdfFile::reserve() {
  bodies_.emplace_back();
  return bodies_.size();
}

void PdfFile::fill(std::size_t object, std::string body) { bodies_.at(object - 1) = std::move(body); }

std::size_t PdfFile::add(std::string body) {
  bodies_.push_back(std::move(body));
  return bodies_.size();
}

std::size_t PdfFile::add_stream(std::string_view content, std::string_view dictionary) {
  const std::string data = deflated(content);
  return add(fmt::format("<< {} /Length {} /Filter /FlateDecode >>\nstream\n{}\nendstream", dictionary,
                         data.size(), data));
}

std::string PdfFile::finish(std::size_t root, std::size_t info) const {
  // The second line tells programs that move files that this one is binary.
  std::string out = "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n";
  std::vector<std::size_t> offsets;
  offsets.reserve(bodies_.size());
  for (std::size_t i = 0; i < bodies_.size(); ++i) {
    QT_CHECK(!bodies_[i].empty(), "every reserved object is filled in");
    offsets.push_back(out.size());
    out += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, bodies_[i]);
  }
  constexpr std::size_t kIdDigits = 32;
  const std::string id = sha256_hex(out).substr(0, kIdDigits);
  const std::size_t table = out.size();
  out += fmt::format("xref\n0 {}\n0000000000 65535 f \n", bodies_.size() + 1);
  for (const std::size_t offset : offsets) out += fmt::format("{:010} 00000 n \n", offset);
  out +=
      fmt::format("trailer\n<< /Size {} /Root {} 0 R /Info {} 0 R /ID [<{}> <{}>] >>\nstartxref\n{}\n%%EOF\n",
                  bodies_.size() + 1, root, info, id, id, table);
  return out;
}

std::string pdf_text(std::string_view utf8) {
  std::string out = "<FEFF";
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
  const auto size = static_cast<utf8proc_ssize_t>(utf8.size());
  for (utf8proc_ssize_t at = 0; at < size;) {
    utf8proc_int32_t c = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(bytes + at, size - at, &c);
    at += used > 0 ? used : 1;
    auto code = static_cast<std::uint32_t>(used > 0 ? c : 0xfffd);
    if (code >= 0x10000) {
      code -= 0x10000;
      out += fmt::format("{:04X}{:04X}", 0xd800 + (code >> 10U), 0xdc00 + (code & 0x3ffU));
    } else {
      out += fmt::format("{:04X}", code);
    }
  }
  return out + ">";
}

std::string pdf_number(double value) {
  if (!std::isfinite(value)) return "0";
  std::string text = fmt::format("{:.2f}", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace quantier::note_internal
