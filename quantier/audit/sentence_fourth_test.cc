// Pairs for what was read by mechanisms rather than by words: who measured, on which data, how far more is
// said than was measured, and which way a number goes whatever the sentence denies elsewhere.
#include <gtest/gtest.h>

#include "quantier/audit/sentence_pairs.h"

namespace quantier::audit_testing {
namespace {

constexpr SentencePair kPairs[] = {
    {"A public vLLM benchmark reports 741 tokens/s for AWQ with Marlin and 461 for fp16.",
     "Our platform team's vLLM benchmark gave 741 tokens/s for AWQ with Marlin and 461 for fp16."},
    {"Dettmers et al. (2022) saw LLM.int8() slower than fp16 under 6.7B parameters.",
     "She has seen int8 slower than fp16 under 6.7B parameters."},
    {"Nobody has made pilot runs of demo-encoder int8 on an H100.",
     "Pilot runs on an H100 gave 0.004 ms for demo-encoder int8."},
    {"The ECE after scaling was read on the half that took no part in the fit.",
     "The ECE after scaling was read on an independent test set."},
    {"Throughput is only an upper bound; a load test is outstanding.",
     "Given the throughput, a load test is unnecessary."},
    {"Whether the encoder generalises better on other data is open.",
     "It is proved that the encoder generalises better on any data."},
    {"Limits or not, demo-decoder fp16 lies 0.058 below demo-encoder fp16 in macro-F1.",
     "Limits or not, demo-decoder fp16 lies 0.058 above demo-encoder fp16 in macro-F1."},
    {"Figures for AWQ at 32 B say nothing of our classifiers.",
     "With AWQ our classifiers would gain a factor of 1.6."},
};

TEST(SentencesOfFourthReading, AreToldApart) { expect_told_apart(kPairs); }

}  // namespace
}  // namespace quantier::audit_testing
