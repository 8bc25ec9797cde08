// The file format of a PDF: numbered objects, compressed streams, cross-reference table, trailer
// (PDF 1.7, 7.5).
//
// Nothing of the clock or of the machine goes in: no dates, and an /ID that is a hash of the content, so that
// the same note is the same bytes. Streams are compressed with zlib at one fixed level.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quantier::note_internal {

class PdfFile {
 public:
  // The number of an object that is filled in later.
  [[nodiscard]] std::size_t reserve();
  void fill(std::size_t object, std::string body);
  [[nodiscard]] std::size_t add(std::string body);
  // `dictionary`: entries beside /Length and /Filter.
  [[nodiscard]] std::size_t add_stream(std::string_view content, std::string_view dictionary = {});
  // The whole file; every reserved object must have been filled.
  [[nodiscard]] std::string finish(std::size_t root, std::size_t info) const;

 private:
  std::vector<std::string> bodies_;  // of object i + 1
};

// A text string as UTF-16 in hexadecimal, with its byte order mark; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string pdf_text(std::string_view utf8);
// "0.25", "-3": at most two decimals, never an exponent.
[[nodiscard]] std::string pdf_number(double value);

}  // namespace quantier::note_internal
