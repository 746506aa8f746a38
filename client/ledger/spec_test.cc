// docs/spec/home-ledger.md holds what the code makes; the fuzz target starts from the same file.

#include "tests/spec/examples.h"

#include <gtest/gtest.h>

#include "client/keys/atomic_file.h"
#include "client/ledger/ledger_testing.h"

namespace gbx::client {
namespace {

std::string example_file() {
  spec::ExampleEntropy entropy;
  Population people("everyone", owner_key());
  GBX_CHECK(people.add(total_of(4'000'000, 2'305'843'009'213), entropy));
  Grant grant = grant_of("room", 2'000'000);
  grant.binding.fill(0xb1);
  grant.head = {3, spec::example_hash("head")};
  grant.given.delta = 1'152'921'504'606;
  GBX_CHECK(people.add(grant, entropy));
  Return back = return_of("room", 500'000);
  back.spent.delta = 288'230'376'151;
  back.head = {7, spec::example_hash("last head")};
  GBX_CHECK(people.add(back, entropy));
  return people.print(spec::example_signing_key(kOwnerName));
}

TEST(HomeLedgerPage, TheExampleIsWhatIsWritten) {
  const std::vector<Json> blocks = spec::examples("home-ledger.md");
  ASSERT_EQ(blocks.size(), 4U);
  std::string file;
  for (const Json& block : blocks) file += block.canonical() + "\n";
  EXPECT_EQ(file, example_file());
  EXPECT_TRUE(spec::mentions("home-ledger.md", ledger_origin(owner_key(), "everyone")))
      << ledger_origin(owner_key(), "everyone");
}

TEST(HomeLedgerPage, TheFuzzCorpusHasTheExample) {
  const std::filesystem::path corpus = GBX_SOURCE_DIR "/tests/fuzz/home_ledger";
  const std::string whole = example_file();
  const std::size_t seal = whole.rfind('\n', whole.size() - 2) + 1;
  EXPECT_EQ(read_file(corpus / "whole", 1 << 20).value(), whole);
  EXPECT_EQ(read_file(corpus / "entries", 1 << 20).value(), whole.substr(0, seal));
}

}  // namespace
}  // namespace gbx::client
