// Rows of a weight are independent: parts of them go to the threads of a pool, or one after another without
// one. The result, and which error is told (the first by rows), do not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "quantier/base/error.h"
#include "quantier/base/thread_pool.h"

namespace quantier {

// body(first, last) -> Status. `multiple`: parts begin at multiples of it.
template <class Body>
[[nodiscard]] Status for_row_parts(ThreadPool* pool, std::uint64_t rows, std::uint64_t row_elements,
                                   std::uint64_t multiple, const Body& body) {
  constexpr std::uint64_t kPartElements = std::uint64_t{1} << 17;
  std::uint64_t step = std::max<std::uint64_t>(1, kPartElements / std::max<std::uint64_t>(1, row_elements));
  step = (step + multiple - 1) / multiple * multiple;
  const std::uint64_t parts = (rows + step - 1) / step;
  if (pool == nullptr || parts < 2) return rows == 0 ? Status{} : body(0, rows);
  std::vector<Status> status(parts);
  pool->run(parts, [&](std::size_t part, std::size_t /*worker*/) {
    status[part] = body(part * step, std::min(rows, (part + 1) * step));
  });
  for (Status& each : status) QT_TRY_STATUS(std::move(each));
  return {};
}

}  // namespace quantier
