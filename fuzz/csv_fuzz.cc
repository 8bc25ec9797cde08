// Any bytes as CSV data: an error or a data set whose parts fit together, never anything else.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "quantier/base/check.h"
#include "quantier/base/utf8.h"
#include "quantier/dataset/dataset.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view content(reinterpret_cast<const char*>(bytes), size);
  const std::vector<std::string> label_names = {"a", "b", "1"};
  const auto data = quantier::parse_dataset(content, quantier::DataFormat::kCsv, "fuzz", {}, label_names);
  if (!data) return 0;
  QT_CHECK(data->size() > 0, "data that is accepted is not empty");
  QT_CHECK(data->labels.empty() || data->labels.size() == data->size(), "one label for each text");
  QT_CHECK(data->ids.empty() || data->ids.size() == data->size(), "one id for each text");
  for (const std::string& text : data->texts) {
    QT_CHECK(!quantier::find_invalid_utf8(text), "texts are UTF-8");
  }
  for (const std::int32_t label : data->labels) QT_CHECK(label >= 0 && label < 3, "labels are known");
  return 0;
}
