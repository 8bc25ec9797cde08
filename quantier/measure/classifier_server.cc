#include "quantier/measure/classifier_server.h"

#include <new>

#include <fmt/format.h>

namespace quantier {

Status ClassifierServer::serve(std::span<const std::uint32_t> requests) {
  try {
    tokens_.clear();
    offsets_.assign(1, 0);
    for (const std::uint32_t request : requests) {
      QT_TRY(const Encoding encoding, system_.tokenizer->encode(texts_[request], system_.max_length));
      tokens_.insert(tokens_.end(), encoding.ids.begin(), encoding.ids.end());
      offsets_.push_back(static_cast<std::uint32_t>(tokens_.size()));
    }
    logits_.resize(requests.size() * system_.classifier->class_count());
    return system_.classifier->predict({tokens_, offsets_}, logits_);
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kEnvironment, "memory ran out while serving", "",
                fmt::format("a batch of {}", requests.size()), "choose a smaller --batch or --max-length");
  }
}

}  // namespace quantier
