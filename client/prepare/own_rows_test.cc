#include "client/prepare/own_rows.h"

#include <gtest/gtest.h>

#include "client/prepare/prepare_fixture.h"

namespace gbx::prepare {
namespace {

constexpr const char* kRows =
    "email,day,spent,city,id\n"
    "Ann@Example.com,2025-01-01,1.00,Oslo,a1\n"
    "bob@example.com,2025-01-02,2.00,Bonn,b1\n"
    "ann@example.com,2025-01-03,3.00,Rome,a2\n"
    "nobody,2025-01-03,3.00,Rome,n1\n"
    "eve@example.com,2025-01-04,4.00,\"Ulm, old\",e1\n";

std::vector<OwnRow> rows_of(const Workshop& shop, const std::vector<std::string>& people,
                            const std::vector<std::string>& columns) {
  TokenSet wanted;
  for (const std::string& person : people) wanted.insert(token_of(person));
  return own_rows(
      read_manifest(shop.folder.path("manifest.yaml")),
      [](std::string_view identifier) { return token_of(identifier); }, wanted, columns);
}

TEST(OwnRows, AreTheFirstOfEachPersonInTheOrderOfTheFile) {
  const Workshop shop(kRows);
  const auto rows = rows_of(shop, {"eve@example.com", "ann@example.com"}, {"id", "city"});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].person, token_of("ann@example.com"));
  EXPECT_EQ(rows[0].values, (std::vector<std::string>{"a1", "Oslo"}));
  EXPECT_EQ(rows[1].values, (std::vector<std::string>{"e1", "Ulm, old"}));
}

TEST(OwnRows, HaveTheIdentifierWhenNoColumnIsAskedFor) {
  const Workshop shop(kRows);
  const auto rows = rows_of(shop, {"ann@example.com"}, {});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].values, (std::vector<std::string>{"Ann@Example.com"}));
}

TEST(OwnRows, OfPersonsThatTheFileLacksAreNone) {
  const Workshop shop(kRows);
  EXPECT_TRUE(rows_of(shop, {"dan@example.com", "nobody"}, {}).empty());
  EXPECT_TRUE(rows_of(shop, {}, {}).empty());
}

TEST(OwnRows, OfAColumnThatTheFileLacksAreRefused) {
  const Workshop shop(kRows);
  try {
    rows_of(shop, {"ann@example.com"}, {"cty"});
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_STREQ(failure.what(), "rows.csv has no column \"cty\"; did you mean \"city\"?");
  }
}

}  // namespace
}  // namespace gbx::prepare
