#include "quantier/note/html_page.h"

#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

#include "quantier/base/sha256.h"
#include "quantier/note/document.h"

namespace quantier::note_internal {
namespace {

std::uint32_t nibble(char c) { return static_cast<std::uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10); }

// RFC 4648, section 4, of lower-case hexadecimal.
std::string base64_of_hex(std::string_view hex) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t kGroup = 6;  // hexadecimal digits of three bytes
  std::string out;
  for (std::size_t at = 0; at < hex.size(); at += kGroup) {
    const std::string_view part = hex.substr(at, kGroup);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < kGroup; ++i) bits = bits << 4U | (i < part.size() ? nibble(part[i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint32_t digit = bits >> (18U - 6U * static_cast<unsigned>(i)) & 63U;
      out += i <= part.size() / 2 ? kDigits[digit] : '=';
    }
  }
  return out;
}

std::string sources(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += fmt::format(" '{}'", csp_hash(text));
  return out.empty() ? " 'none'" : out;
}

// JSON in which nothing can end the element: "<" as an escape, which only ever stands inside strings.
std::string embedded(std::string_view json) {
  std::string out;
  for (const char c : json) out += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return out;
}

}  // namespace

std::string csp_hash(std::string_view text) { return "sha256-" + base64_of_hex(sha256_hex(text)); }

std::string html_page(const HtmlPage& page) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src{}; script-src{}; "
      "img-src data:; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n<title>{}</title>",
      sources(page.styles), sources(page.scripts), escape_html(page.title));
  for (const std::string& style : page.styles) out += fmt::format("<style>{}</style>", style);
  out += "</head>\n<body>";
  if (!page.first_screen.empty()) out += fmt::format("<header>{}</header>\n", page.first_screen);
  out += fmt::format("<main>{}</main>\n", page.body);
  for (const auto& [id, json] : page.data) {
    out += fmt::format("<script type=\"application/json\" id=\"{}\">{}</script>\n", escape_html(id),
                       embedded(json));
  }
  for (const std::string& script : page.scripts) out += fmt::format("<script>{}</script>\n", script);
  return out + "</body></html>\n";
}

}  // namespace quantier::note_internal
