#include "trusted/room/datasets.h"

#include <gtest/gtest.h>

#include "trusted/policy/policy_fixture.h"

namespace gbx::room {
namespace {

const policy::Policy kPolicy = policy::example_policy();

snapshot::SnapshotManifest manifest() {
  const policy::Table& table = kPolicy.tables[1];
  snapshot::SnapshotManifest out;
  out.table = table.name;
  out.owner = table.owner;
  out.collaboration = kPolicy.id;
  out.token_epoch = kPolicy.token_epoch;
  out.person = table.person;
  out.identifier = table.identifier;
  out.rows_per_person = table.rows_per_person;
  for (const policy::Column& column : table.columns) {
    out.columns.push_back({column.name, column.type, column.label, column.nullable, column.bounded,
                           column.low, column.high, column.domain});
  }
  return out;
}

std::string reason(const snapshot::SnapshotManifest& changed) {
  const Status status = check_manifest(changed, kPolicy);
  return status ? "" : std::string(status.error().reason.view());
}

TEST(CheckManifest, TheTableThatThePolicyDescribesPasses) {
  EXPECT_EQ(reason(manifest()), "");
  snapshot::SnapshotManifest fewer = manifest();
  fewer.rows_per_person = 1;
  EXPECT_EQ(reason(fewer), "");
}

TEST(CheckManifest, EveryOtherTableIsRefusedByName) {
  snapshot::SnapshotManifest changed = manifest();
  changed.table = "refunds";
  EXPECT_EQ(reason(changed), "table_unknown");
  changed = manifest();
  changed.collaboration = std::string(32, '0');
  EXPECT_EQ(reason(changed), "collaboration_wrong");
  changed = manifest();
  changed.token_epoch++;
  EXPECT_EQ(reason(changed), "token_epoch_wrong");
  changed = manifest();
  changed.owner = "newsnow";
  EXPECT_EQ(reason(changed), "owner_wrong");
  changed = manifest();
  changed.rows_per_person++;
  EXPECT_EQ(reason(changed), "rows_per_person_too_large");
  changed = manifest();
  changed.person = "phone";
  EXPECT_EQ(reason(changed), "columns_differ");
  changed = manifest();
  changed.identifier = "phone";
  EXPECT_EQ(reason(changed), "columns_differ");
}

TEST(CheckManifest, EveryDifferenceOfAColumnIsRefused) {
  const auto differs = [](auto change) {
    snapshot::SnapshotManifest changed = manifest();
    change(changed.columns);
    return reason(changed) == "columns_differ";
  };
  EXPECT_TRUE(differs([](auto& columns) { columns.pop_back(); }));
  EXPECT_TRUE(differs([](auto& columns) { columns.push_back(columns.back()); }));
  EXPECT_TRUE(differs([](auto& columns) { std::swap(columns[1], columns[2]); }));
  EXPECT_TRUE(differs([](auto& columns) { columns[2].name = "amount"; }));
  EXPECT_TRUE(differs([](auto& columns) { columns[2].type.scale = 3; }));
  EXPECT_TRUE(differs([](auto& columns) { columns[2].label = Label::plain; }));
  EXPECT_TRUE(differs([](auto& columns) { columns[2].nullable = true; }));
  EXPECT_TRUE(differs([](auto& columns) { columns[2].high++; }));
  EXPECT_TRUE(differs([](auto& columns) { columns[2].low--; }));
  EXPECT_TRUE(differs([](auto& columns) { columns[2].bounded = false; }));
}

}  // namespace
}  // namespace gbx::room
