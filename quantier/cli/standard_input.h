// One text a line from standard input, with either kind of line end.
#pragma once

#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace quantier::cli {

inline std::vector<std::string> lines_of_standard_input() {
  std::vector<std::string> lines;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace quantier::cli
