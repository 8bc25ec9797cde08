#include "quantier/pipeline/report_imported.h"

#include <gmock/gmock.h>

namespace quantier {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

quantier::Run imported(const std::string& recipe) {
  quantier::Run run;
  run.configuration = {"m", recipe, "card"};
  run.key = "key " + recipe;
  run.provenance.origin = RunOrigin::kImported;
  run.provenance.imported_from = "all.npz, m_" + recipe;
  run.provenance.declared_device = "card";
  run.provenance.data_sha256 = std::string(64, 'a');
  return run;
}

ReportedValue temperature(const std::string& recipe, double value) {
  ReportedValue stated;
  stated.model = "m";
  stated.recipe = recipe;
  stated.quantity = "temperature";
  stated.value = value;
  return stated;
}

TEST(ReportImported, OnlyWhenNothingWasMeasuredHere) {
  EXPECT_FALSE(all_imported({}));
  EXPECT_TRUE(all_imported({imported("a")}));
  EXPECT_FALSE(all_imported({imported("a"), quantier::Run{}}));
}

TEST(ReportImported, TheLastWholeTemperatureCounts) {
  ReportedValue half = temperature("a", 9.0);
  half.part = "odd rows";
  ReportedValue earlier = temperature("a", 8.0);
  earlier.kind = ReportedKind::kEarlier;
  quantier::Run measured = imported("c");
  measured.provenance.origin = RunOrigin::kMeasured;
  EXPECT_THAT(reported_temperatures_of({imported("a"), imported("b"), measured},
                                       {temperature("a", 1.1), temperature("a", 1.2), half, earlier,
                                        temperature("b", -1.0), temperature("c", 1.5)}),
              UnorderedElementsAre(Pair("key a", 1.2)));
}

TEST(ReportImported, CostsOfImportedRunsAreMarked) {
  quantier::Run measured = imported("b");
  measured.provenance.origin = RunOrigin::kMeasured;
  std::vector<NoteCost> costs(2);
  costs[0].run_key = "key a";
  costs[1].run_key = "key b";
  mark_imported_costs({imported("a"), measured}, costs);
  EXPECT_TRUE(costs[0].imported);
  EXPECT_FALSE(costs[1].imported);
}

TEST(ReportImported, SaysWhereItComesFrom) {
  quantier::Run run = imported("a");
  run.effective_batch_size = 8;
  EXPECT_THAT(imported_stack({run}), AllOf(HasSubstr("nothing was measured here"), HasSubstr("for card")));
  EXPECT_THAT(imported_appendix({run}),
              ::testing::Contains(
                  Pair("Imported: m a", AllOf(HasSubstr("all.npz, m_a"), HasSubstr("batches of 8")))));
  run.provenance.declared_device.clear();
  EXPECT_THAT(imported_stack({run}), AllOf(HasSubstr("not declared"), Not(HasSubstr("card"))));
}

}  // namespace
}  // namespace quantier
