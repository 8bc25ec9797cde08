// Numbers, fits, limits and counts whose subject stands somewhere around them, in many wordings.
#include "quantier/audit/sentence_pairs.h"

namespace quantier::audit_testing {
namespace {

constexpr SentencePair kNumbers[] = {
    {"Held out, temperature leaves demo-encoder int8 an ECE of 0.023.",
     "Held out, temperature leaves demo-encoder int8 an ECE of 0.022."},
    {"Scored on texts that the temperature was not fitted to, the ECE of demo-encoder fp16 is 0.020.",
     "Scored on texts that the temperature was not fitted to, the ECE of demo-encoder fp16 is 0.019."},
    {"The ECE of demo-encoder int4 is 0.025 where the temperature was fitted and 0.027 elsewhere.",
     "The ECE of demo-encoder int4 is 0.027 where the temperature was fitted and 0.025 elsewhere."},
    {"| config | ms | MB |\n|---|---|---|\n| demo-encoder int8 | 1.10 | 31.2 |\n| demo-decoder int8 | 2.20 | "
     "41.0 |",
     "| config | ms | MB |\n|---|---|---|\n| demo-encoder int8 | 2.20 | 31.2 |\n| demo-decoder int8 | 1.10 | "
     "41.0 |"},
    {"| | demo-encoder fp16 | demo-decoder fp16 |\n|---|---|---|\n| macro-F1 | 0.653 | 0.595 |",
     "| | demo-encoder fp16 | demo-decoder fp16 |\n|---|---|---|\n| macro-F1 | 0.595 | 0.653 |"},
    {"demo-decoder has a macro-F1 of 0.595, 0.593 and 0.591 at fp16, int8 and int4.",
     "demo-encoder has a macro-F1 of 0.595, 0.593 and 0.591 at fp16, int8 and int4."},
    {"The smallest, demo-encoder int4, peaks at 24.9 MB.",
     "The smallest, demo-encoder int4, peaks at 29.4 MB."},
    {"We ship demo-encoder int8. It takes 1.10 ms and 31.2 MB.",
     "We ship demo-encoder int8. It takes 1.10 ms and 41.0 MB."},
    {"Our pick, the encoder with 8-bit weights, answers in 1.1 ms.",
     "Our pick, the encoder with 8-bit weights, answers in 1.7 ms."},
    {"Games: 87.8 % right by the encoder at fp16, 89.8 % by the decoder.",
     "Games: 89.8 % right by the encoder at fp16, 87.8 % by the decoder."},
    {"How long does a text take? With demo-decoder int4, 5.1 ms.",
     "How long does a text take? With demo-decoder int4, 2.2 ms."},
    {"At int4 the tail moved by −0.6 points in the encoder and by +0.1 points in the decoder.",
     "At int4 the tail moved by +0.1 points in the encoder and by −0.6 points in the decoder."},
    {"demo-encoder int8 lost 12 answers in the head and gained 9.",
     "demo-encoder int8 lost 21 answers in the head and gained 9."},
    {"demo-encoder:\n\n- fp16 with 43.1 MB\n- int8 with 31.2 MB\n- int4 with 24.9 MB",
     "demo-encoder:\n\n- fp16 with 43.1 MB\n- int8 with 24.9 MB\n- int4 with 31.2 MB"},
    {"## demo-decoder\n\nAt int8 a text takes 2.20 ms.", "## demo-decoder\n\nAt int8 a text takes 1.10 ms."},
    {"Take demo-encoder. Its macro-F1 is 0.653 at fp16. It drops to 0.649 at int4.",
     "Take demo-encoder. Its macro-F1 is 0.653 at fp16. It drops to 0.591 at int4."},
    {"Off by 14.1 points raw, demo-encoder fp16 comes down to 2.0 points after temperature, cross-fitted.",
     "Off by 14.1 points raw, demo-encoder fp16 comes down to 3.0 points after temperature, cross-fitted."},
    {"The decoder takes 3.9 ms at fp16, the encoder 2.7 ms.",
     "The decoder takes 2.7 ms at fp16, the encoder 3.9 ms."},
};

constexpr SentencePair kLimits[] = {
    {"The ECE limit rules out demo-decoder fp16.", "The ECE limit rules out demo-encoder fp16."},
    {"On ECE demo-decoder int8 is out.", "On ECE demo-encoder int8 is out."},
    {"Rejected: demo-decoder int8 for its ECE.", "Rejected: demo-encoder int8 for its ECE."},
    {"Memory disqualifies demo-decoder fp16.", "Memory disqualifies demo-encoder fp16."},
    {"None of the decoders gets under the ECE limit.", "All of the decoders get under the ECE limit."},
    {"demo-decoder fails the ECE limit at every precision.",
     "demo-encoder fails the ECE limit at every precision."},
    {"The memory limit stops demo-decoder fp16 and nothing else.",
     "The memory limit stops demo-decoder int8 and nothing else."},
    {"demo-encoder int8 breaks no limit.", "demo-encoder int4 breaks no limit."},
    {"demo-decoder int4 is too slow for the latency limit.",
     "demo-encoder int8 is too slow for the latency limit."},
    {"Two limits are violated by demo-decoder fp16: ECE and memory.",
     "Two limits are violated by demo-decoder fp16: latency and memory."},
    {"demo-encoder fp16 meets every limit.", "demo-decoder int8 meets every limit."},
};

TEST(SentencesOfNumbers, SubjectsAreFoundAroundThem) { expect_told_apart(kNumbers); }

TEST(SentencesOfNumbers, AValueThatMayLieBelowZeroIsADifference) {
  const std::string heading = "## What int8 changes on demo-encoder\n\n";
  EXPECT_EQ(verdicts(audited(heading + "In points of accuracy against fp16: tail 0.2 [−0.8, +1.3].\n")),
            "0.2 sourced; −0.8 sourced; +1.3 sourced");
}

TEST(SentencesOfNumbers, ASignInFrontMakesAMultiple) {
  EXPECT_EQ(verdicts(audited("The time of demo-encoder int8 is ×0.41 of that of demo-encoder fp16.\n")),
            "0.41 derived");
  EXPECT_EQ(verdicts(audited("Reshuffle the data 10,000 times: demo-encoder int8 wins.\n")),
            "10,000 times not checked");
}

TEST(SentencesOfLimits, WhoPassesIsReadInManyWords) { expect_told_apart(kLimits); }

TEST(SentencesOfLimits, SuppositionsAndOthersRaiseNothing) {
  for (const char* text : {
           "If the ECE limit were 0.04, demo-decoder fp16 would pass it.",
           "demo-decoder fp16 passes the memory limit only on a larger machine.",
           "The ECE limit is what demo-decoder fp16 must meet next time.",
           "Before scaling, demo-encoder int8 is outside the ECE limit too.",
           "To pass, demo-decoder int8 has to come down to an ECE of 0.025.",
           "demo-encoder int8 fails only where the ECE limit is set below 0.023.",
           "We rejected the memory figures of the first run of demo-encoder int8.",
           "Last year's demo-encoder int8 failed the ECE limit; this one does not.",
           "Which limit does demo-encoder int8 miss? None.",
           "demo-encoder int8 is out of the box badly calibrated.",
       }) {
    EXPECT_EQ(raised(text), "") << text;
  }
}

}  // namespace
}  // namespace quantier::audit_testing
