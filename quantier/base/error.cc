#include "quantier/base/error.h"

#include <system_error>

namespace quantier {

std::string Error::message() const {
  std::string text = what;
  const auto add = [&text](const char* label, const std::string& part) {
    if (!part.empty()) text.append("\n  ").append(label).append(": ").append(part);
  };
  add("where", where);
  add("why", why);
  add("hint", hint);
  return text;
}

const char* error_kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kUserInput:
      return "user_input";
    case ErrorKind::kCorruptData:
      return "corrupt_data";
    case ErrorKind::kEnvironment:
      return "environment";
    case ErrorKind::kUnsupported:
      return "unsupported";
    case ErrorKind::kInterrupted:
      return "interrupted";
    case ErrorKind::kBug:
      return "bug";
  }
  return "bug";
}

std::string errno_text(int error_number) { return std::generic_category().message(error_number); }

}  // namespace quantier
