#include "quantier/literature/work.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantier {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST(Works, TheBuiltInOnesSayAllThatANoteAndAnAuditNeed) {
  std::set<std::string> ids;
  for (const Work& work : builtin_works().list) {
    EXPECT_TRUE(ids.insert(work.id).second) << work.id;
    EXPECT_THAT(work.claim, Not(IsEmpty())) << work.id;
    EXPECT_THAT(work.scope, Not(IsEmpty())) << work.id;
    EXPECT_THAT(work.source, Not(IsEmpty())) << work.id;
    EXPECT_THAT(work.cited_as, Not(IsEmpty())) << work.id;
    EXPECT_THAT(work.meets, Not(IsEmpty())) << work.id;
    EXPECT_GT(work.year, 2000) << work.id;
  }
  EXPECT_GE(ids.size(), 9U);
}

TEST(Works, AUsersTableNeedsOnlyANameAndItsNumbers) {
  const auto works = parse_works(
      "[[work]]\nname = \"the handout\"\ntable = true\n[[work.value]]\nwhat = \"ms\"\nvalue = \"2.77 ms\"\n",
      "table.toml");
  ASSERT_TRUE(works) << works.error().message();
  ASSERT_THAT(works->list, SizeIs(1));
  EXPECT_TRUE(works->list.front().table);
  ASSERT_THAT(works->list.front().values, SizeIs(1));
  EXPECT_EQ(works->list.front().values.front().value, "2.77 ms");
}

TEST(Works, PeopleAreCitedInMoreWaysThanOne) {
  const auto works = parse_works("[[work]]\nauthor = \"Ohm et al.\"\nyear = 2021\n", "w.toml");
  ASSERT_TRUE(works);
  EXPECT_EQ(works->list.front().name, "Ohm et al., 2021");
  EXPECT_THAT(works->list.front().cited_as, Contains("Ohm and colleagues"));
}

TEST(Works, WhatDoesNotReadIsSaidWithItsLine) {
  const auto refusal = [](const char* text) {
    const auto works = parse_works(text, "w.toml");
    return works ? std::string() : works.error().message();
  };
  EXPECT_THAT(refusal("[[work\n"), HasSubstr("not TOML"));
  EXPECT_THAT(refusal("work = 3\n"), HasSubstr("no [[work]]"));
  EXPECT_THAT(refusal("work = [3]\n"), HasSubstr("not a table"));
  EXPECT_THAT(refusal("\n[[work]]\nyear = 2020\n"), HasSubstr("line 2"));
  EXPECT_THAT(refusal("[[work]]\nname = \"a\"\nvalues = [1]\n"), HasSubstr("value is not a table"));
}

}  // namespace
}  // namespace quantier
