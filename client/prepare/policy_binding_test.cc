#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/prepare/prepare_fixture.h"
#include "trusted/policy/policy.h"

namespace gbx::prepare {
namespace {

using testing::HasSubstr;

const std::string kHeader = "email,day,spent,city\n";

policy::Policy agreed(const TableManifest& manifest) {
  policy::Policy policy;
  policy.id = "ffeeddccbbaa99887766554433221100";
  policy.token_epoch = 7;
  policy::Table table;
  table.name = "purchases";
  table.owner = "shopgood";
  table.person = "hashed_email";
  table.identifier = "email";
  table.rows_per_person = 3;
  for (const ColumnSpec& column : manifest.columns) {
    table.columns.push_back({column.name, column.type, column.label, column.nullable,
                             column.bounded, column.low, column.high, column.domain});
  }
  policy.tables.push_back(table);
  return policy;
}

TEST(BindToPolicy, TakesOwnerAndEpochFromIt) {
  Workshop shop(kHeader);
  PrepareJob job = shop.job();
  bind_to_policy(job, agreed(job.manifest));
  EXPECT_EQ(job.collaboration, "ffeeddccbbaa99887766554433221100");
  EXPECT_EQ(job.token_epoch, 7U);
}

struct Difference {
  const char* name;
  void (*change)(policy::Policy&);
  const char* says;
};
class PolicyDifference : public testing::TestWithParam<Difference> {};

TEST_P(PolicyDifference, IsNamed) {
  Workshop shop(kHeader);
  PrepareJob job = shop.job();
  policy::Policy policy = agreed(job.manifest);
  GetParam().change(policy);
  try {
    bind_to_policy(job, policy);
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.what(), HasSubstr(GetParam().says));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, PolicyDifference,
    testing::Values(
        Difference{"table", [](policy::Policy& p) { p.tables[0].name = "other"; },
                   "no table \"purchases\""},
        Difference{"person", [](policy::Policy& p) { p.tables[0].person = "token"; },
                   "person column is \"token\""},
        Difference{"identifier", [](policy::Policy& p) { p.tables[0].identifier = "phone"; },
                   "made of phone"},
        Difference{"type", [](policy::Policy& p) { p.tables[0].columns[2].type.scale = 3; },
                   "column \"spent\": the policy says decimal(3), sensitive, not nullable"},
        Difference{"label", [](policy::Policy& p) { p.tables[0].columns[2].label = Label::plain; },
                   "column \"spent\""},
        Difference{"nullable", [](policy::Policy& p) { p.tables[0].columns[1].nullable = false; },
                   "column \"day\""},
        Difference{"bounds", [](policy::Policy& p) { p.tables[0].columns[2].high = 40000; },
                   "the policy has bounds [0.00, 400.00], the manifest bounds [0.00, 500.00]"},
        Difference{"domain", [](policy::Policy& p) { p.tables[0].columns[3].domain = {"x"}; },
                   "domain is another"},
        Difference{"missing", [](policy::Policy& p) { p.tables[0].columns.pop_back(); },
                   "has no column \"city\""},
        Difference{"more",
                   [](policy::Policy& p) {
                     p.tables[0].columns.emplace_back();
                     p.tables[0].columns.back().name = "more";
                   },
                   "column \"more\" is not in the manifest"},
        Difference{"rows", [](policy::Policy& p) { p.tables[0].rows_per_person = 2; },
                   "2 rows per person"}),
    [](const testing::TestParamInfo<Difference>& difference) { return difference.param.name; });

}  // namespace
}  // namespace gbx::prepare
