// Words by which a limit is moved, and what becomes of somebody under it. Only claim_moved_limit.cc includes
// this.
#pragma once

#include <array>
#include <string_view>

namespace quantier::audit_internal {

inline constexpr std::array<std::string_view, 19> kUp = {
    "above",        "over",        "beyond",       "past",        "exceeding",          "more than",
    "higher than",  "larger than", "greater than", "looser than", "wider than",         "up to",
    "in excess of", "exceeds",     "exceeded",     "bigger than", "more generous than", "laxer than",
    "softer than"};
inline constexpr std::array<std::string_view, 15> kDown = {
    "below",         "under",        "beneath",       "less than",    "lower than",
    "smaller than",  "tighter than", "stricter than", "down to",      "fewer than",
    "narrower than", "harder than",  "short of",      "harsher than", "undercuts"};
// What is done to a limit: more or less is allowed.
inline constexpr std::array<std::string_view, 27> kLoosen = {
    "looser",      "loosen",        "loosened",  "loosening", "relax",   "relaxed",   "relaxing",
    "laxer",       "more generous", "eased",     "ease",      "easing",  "softer",    "soften",
    "softened",    "widen",         "widened",   "widening",  "slacken", "slackened", "more lenient",
    "laxer limit", "more relaxed",  "more room", "loosens",   "relaxes", "slacker"};
inline constexpr std::array<std::string_view, 16> kTighten = {
    "tighter",     "tighten",       "tightened",   "tightening", "tightens",  "stricter",
    "more strict", "harsher",       "narrower",    "narrowed",   "narrowing", "sterner",
    "harder",      "less generous", "more severe", "squeezed"};
inline constexpr std::array<std::string_view, 8> kRaise = {"raise", "raised", "raising", "raises",
                                                           "lift",  "lifted", "lifting", "a higher"};
inline constexpr std::array<std::string_view, 7> kLower = {"lower",   "lowered",  "lowering", "lowers",
                                                           "a lower", "drop the", "cut the"};
// What becomes of somebody under the other limit.
inline constexpr std::array<std::string_view, 34> kLoses = {
    "rule out",  "rules out",  "ruled out", "out",          "excludes",     "exclude",   "excluded",
    "drops out", "drop out",   "falls out", "fall out",     "fails",        "fail",      "loses",
    "lose",      "eliminates", "eliminate", "disqualifies", "disqualify",   "kills",     "kill",
    "stops",     "no longer",  "gives way", "give way",     "violates",     "violate",   "breaks",
    "miss",      "misses",     "rejects",   "reject",       "inadmissible", "infeasible"};
inline constexpr std::array<std::string_view, 21> kWins = {
    "admits",  "admit",      "lets in",        "let in",   "let through", "lets through", "qualifies",
    "qualify", "comes back", "opens the door", "feasible", "eligible",    "passes",       "pass",
    "back in", "fits",       "clears",         "survives", "allows",      "makes it",     "meets"};
inline constexpr std::array<std::string_view, 19> kLimitWords = {
    "limit",       "limits",     "ceiling", "ceilings", "floor",  "floors",    "budget",
    "budgets",     "cap",        "caps",    "bound",    "bounds", "allowance", "threshold",
    "requirement", "constraint", "target",  "envelope", "maximum"};

}  // namespace quantier::audit_internal
