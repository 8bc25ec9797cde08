// Any bytes as JSON: the strict reader says what the library's own parser says, but for what it refuses on
// purpose (a key twice in one object, deep nesting).
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "quantier/base/check.h"
#include "quantier/base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto parsed = quantier::parse_json(text, "fuzz");
  if (!parsed && parsed.error().what == "JSON is refused") return 0;
  const quantier::Json plain = quantier::Json::parse(text, nullptr, /*allow_exceptions=*/false);
  QT_CHECK(parsed.has_value() != plain.is_discarded(), "both parsers accept the same");
  if (parsed) QT_CHECK(*parsed == plain, "and read the same");
  return 0;
}
