#include "client/prepare/sealed_pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <csignal>

#include "client/prepare/prepare_fixture.h"

namespace gbx::prepare {
namespace {

using testing::ElementsAre;

// Whether out.gbx.json is there and speaks of the out.gbx that is beside it.
enum class Pair { older, newer, no_manifest, mixed };
Pair pair_in(const Workshop& shop, const std::string& old_stream, const std::string& old_manifest) {
  const std::string stream = shop.folder.read("out.gbx");
  const std::string manifest = shop.folder.read("out.gbx.json");
  if (manifest.empty()) return Pair::no_manifest;
  if (stream == old_stream && manifest == old_manifest) return Pair::older;
  return stream != old_stream && manifest != old_manifest ? Pair::newer : Pair::mixed;
}

// Ended at each step, once by an exception and once by kill -9.
TEST(SealedPair, WhateverEndsItThePairIsNeverMixed) {
  constexpr std::array kThen = {Pair::older, Pair::older, Pair::no_manifest, Pair::no_manifest,
                                Pair::newer};
  for (std::uint64_t step = 0; step < kThen.size(); step++) {
    for (const bool killed : {false, true}) {
      Workshop shop("email,day,spent,city\na@x.com,2025-01-02,1,Bonn\n");
      shop.run();
      const std::string stream = shop.folder.read("out.gbx");
      const std::string manifest = shop.folder.read("out.gbx.json");
      PrepareJob job = shop.job();
      job.progress = [&](std::string_view phase, std::uint64_t done, std::uint64_t) {
        if (phase != "publishing" || done != step) return;
        if (killed) ::raise(SIGKILL);
        throw Failure("stopped");
      };
      const pid_t child = ::fork();
      if (child == 0) {
        EXPECT_THROW(prepare(job), Failure);
        std::_Exit(0);
      }
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_EQ(WIFSIGNALED(status), killed);
      EXPECT_EQ(pair_in(shop, stream, manifest), kThen[step]) << step << killed;
      shop.run();
      EXPECT_THAT(shop.folder.files(),
                  ElementsAre("manifest.yaml", "out.gbx", "out.gbx.json", "rows.csv"));
    }
  }
}

TEST(SealedPair, AFolderThatIsNotThereIsNamed) {
  const TestFolder folder;
  EXPECT_THROW(SealedPair(folder.path("no/a")), Failure);
  EXPECT_THROW(write_whole(folder.path("no/a"), "x"), Failure);
}

}  // namespace
}  // namespace gbx::prepare
