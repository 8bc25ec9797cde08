#include <cstdlib>

#include "bench/honesty_calibration.h"
using namespace quantier;
using namespace quantier::bench;
int main(int argc, char** argv) {
  ThreadPool pool(2);
  unsigned sets = argc > 1 ? std::atoi(argv[1]) : 400;
  for (const auto& c : confidence_laws())
    for (const auto& g : gap_laws())
      for (double e : {0.0, .01, .02, .05, .10}) {
        if (e == 0.0 && &g != &gap_laws()[0]) continue;
        for (std::size_t n : {500u, 3215u, 6430u}) {
          auto r = calibration_coverage({n, e, &c, &g}, sets, n + 1000 * e, &pool);
          if (!r.possible) {
            fmt::print("{} {} {} {} impossible\n", c.name, g.name, e, n);
            continue;
          }
          fmt::print(
              "{:8} {:12} e={:.2f} n={:5} cover {:.3f} low {:.3f} high {:.3f} width {:.4f} boot {:.2f}\n",
              c.name, g.name, e, n, r.interval, r.too_low, r.too_high, r.mean_width, r.percentile_bootstrap);
        }
      }
}
