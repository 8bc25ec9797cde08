// How sure a sentence is, in many wordings, against what is unresolved, leaning or established.
#include "quantier/audit/sentence_pairs.h"

namespace quantier::audit_testing {
namespace {

constexpr SentencePair kStrength[] = {
    {"demo-encoder int4 may have lost something in the tail; the interval includes zero.",
     "demo-encoder int4 has lost accuracy in the tail, and no sample would tell a different story."},
    {"The dip of demo-encoder int4 in the tail could be luck.",
     "The dip of demo-encoder int4 in the tail cannot be luck."},
    {"Does int4 hurt the encoder's tail? We cannot tell.",
     "Does int4 hurt the encoder's tail? It does, and everybody can see it."},
    {"The tail figures of demo-encoder int8 and int4 are small. Neither is a finding.",
     "The tail figures of demo-encoder int8 and int4 are small. Both are real all the same."},
    {"Take the tail of demo-encoder at int4 with a pinch of salt.",
     "Take the loss in the tail of demo-encoder at int4 as read."},
    {"At int8 the decoder's head shows −0.5 points, not enough to call it a loss.",
     "At int8 the decoder's head shows −0.5 points, more than enough to call it a loss."},
    {"The change of demo-encoder int8 in the head is not significant.",
     "The change of demo-encoder int8 in the head is significant at the 5 % level."},
    {"It is an open question whether int4 affects the tail of demo-encoder.",
     "It is a settled question that int4 affects the tail of demo-encoder."},
    {"We looked for harm to the tail of demo-encoder at int4 and found no proof of it.",
     "We looked for harm to the tail of demo-encoder at int4 and found proof of it."},
    {"That we see no loss in the encoder's tail at int4 does not prove that there is none.",
     "That we see no loss in the encoder's tail at int4 proves that there is none."},
    {"demo-decoder int4 has an established loss in the head.",
     "demo-decoder int8 has an established loss in the head."},
    {"Of demo-encoder no cell is resolved.", "Of demo-encoder two cells are resolved."},
    {"Whether int4 is safe for the encoder's tail, these data do not tell.",
     "These data tell us that int4 is safe for the encoder's tail."},
    {"Every interval of demo-encoder contains zero.",
     "The interval of demo-encoder int4 in the tail excludes zero."},
    {"demo-encoder int4, tail: −0.6 points [−2.1, 0.7]. Treat it as a hint.",
     "demo-encoder int4, tail: −0.6 points [−2.1, 0.7]. Treat it as a fact."},
    {"As far as this split can show, the encoder keeps its tail accuracy at int8.",
     "The encoder keeps its tail accuracy at int8, guaranteed."},
    {"The head of demo-decoder at int4 is really hit: the loss is established.",
     "The tail of demo-decoder at int4 is really hit: the loss is established."},
    {"demo-encoder int4 costs 0.6 points in the tail, or nothing; who knows.",
     "demo-encoder int4 costs 0.6 points in the tail, that much we know."},
    {"With 6 against 3 flips in the encoder's tail, int4 cannot be convicted of anything.",
     "With 6 against 3 flips in the encoder's tail, int4 stands convicted."},
    {"The evidence against int4 in the encoder's tail is thin.",
     "The evidence against int4 in the encoder's tail is strong."},
    {"Rare classes suffer under int4? Not shown for demo-encoder.",
     "Rare classes suffer under int4, as demo-encoder shows."},
    {"Chance explains the drop in the encoder's tail at int4 well enough.",
     "Chance does not explain the drop in the encoder's tail at int4."},
    {"In the encoder's tail at int4 the direction of the effect is unknown.",
     "In the encoder's tail at int4 the direction of the effect is known."},
    {"We have no reason to believe that demo-encoder int4 is worse in the tail.",
     "We have every reason to believe that demo-encoder int4 is worse in the tail."},
    {"Another split may turn the sign of the encoder's tail at int4.",
     "Any other split will show the same loss of the encoder's tail at int4."},
    {"None of the tier changes of demo-encoder is distinguishable from zero.",
     "All of the tier changes of demo-encoder are distinguishable from zero."},
    {"I would not bet on the drop in the encoder's tail at int4.",
     "I would bet the house on the drop in the encoder's tail at int4."},
    {"The loss of demo-decoder int4 in the head is beyond what chance does.",
     "The loss of demo-encoder int4 in the tail is beyond what chance does."},
    {"int4 leaves the encoder's tail where it was, give or take two points.",
     "int4 leaves the encoder's tail exactly where it was."},
    {"The tail of demo-encoder: no verdict possible at int4.",
     "The tail of demo-encoder: verdict is guilty at int4."},
    {"demo-encoder int4 in the tail: undecided.", "demo-encoder int4 in the tail: decided, it is a loss."},
    {"Nobody has shown that int4 harms the tail of demo-encoder.",
     "We have shown that int4 harms the tail of demo-encoder."},
};

TEST(SentencesOfStrength, CertaintyIsReadInManyWords) { expect_told_apart(kStrength); }

TEST(SentencesOfStrength, CautionAndOtherCertaintiesRaiseNothing) {
  for (const char* text : {
           "Nobody should claim that demo-encoder int4 hurts the tail.",
           "It would be wrong to say that int4 is proven harmless for the encoder's tail.",
           "demo-encoder int8 is certainly the one to ship.",
           "We will certainly measure the tail of demo-encoder again.",
           "The evidence for demo-encoder int8 on speed is overwhelming.",
           "demo-encoder int8 is clearly the fastest.",
           "Not one of the twelve cells of demo-encoder and demo-decoder at int8 shows a loss that is "
           "certain.",
           "It is a fact that demo-encoder int4 has 493 rare texts to be judged on, which is few.",
           "Is the loss of demo-encoder int4 in the tail real? I do not know.",
           "A real loss in the tail of demo-encoder at int4 would need more texts to be seen.",
           "Calling the drop of demo-encoder int4 in the tail proven would be a mistake.",
           "What is certain about the tail of demo-encoder at int4 is only that it is small.",
           "The memo claimed a proven loss in the encoder's tail at int4; the data do not bear it out.",
           "demo-decoder int4 definitely loses in the head.",
           "The decision is robust: demo-encoder int8 stays the choice when the tail is weighted up.",
           "Unless a larger split confirms it, the drop of demo-encoder int4 in the tail is no reason to "
           "act.",
           "We are sure of the timing of demo-encoder int4 and unsure of its tail.",
           "The encoder is clearly better than the decoder in macro-F1.",
           "The gap of 0.058 in macro-F1 between demo-encoder fp16 and demo-decoder fp16 is significant.",
           "demo-decoder fp16 is definitely less accurate than demo-encoder fp16.",
           "No loss in the tail of demo-encoder at int4 is proven.",
           "There is no loss in the tail of demo-encoder at int4 that stands out from chance.",
           "No test tells the tail of demo-encoder at int4 from zero.",
           "We are not the first to find that the tail of demo-encoder is hard.",
           "For sure statements on the tail of demo-encoder at int4 the split is too small.",
       }) {
    EXPECT_EQ(raised(text), "") << text;
  }
}

}  // namespace
}  // namespace quantier::audit_testing
