#pragma once

// A home with a cheap passphrase, for the tests of this folder.

#include <unistd.h>

#include <filesystem>

#include "client/ledger/home_ledger.h"
#include "client/ledger/ledger_testing.h"

namespace gbx::client {

class HomeFixture {
 public:
  HomeFixture()
      : folder(std::filesystem::temp_directory_path() /
               ("gbx_ledger_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(folder);
    constexpr crypto::ScryptCost kCheap = {1024, 8, 1};
    GBX_CHECK(Home::create(folder, kOwnerName, as_bytes("p"), kCheap));
  }
  ~HomeFixture() { std::filesystem::remove_all(folder); }
  HomeFixture(const HomeFixture&) = delete;
  HomeFixture& operator=(const HomeFixture&) = delete;
  HomeFixture(HomeFixture&&) = delete;
  HomeFixture& operator=(HomeFixture&&) = delete;

  [[nodiscard]] Home open() const { return Home::open(folder, as_bytes("p")).value(); }
  [[nodiscard]] std::filesystem::path ledger(const std::string& population = "everyone") const {
    return folder / "ledger" / (population + ".jsonl");
  }
  [[nodiscard]] std::filesystem::path keys() const { return folder / "keys.json"; }

  std::filesystem::path folder;
};

// For that much, or for all that a policy of epsilon 2 and 2000 units of delta has left.
inline AllotmentOrder order_of(const std::string& room, std::optional<std::uint64_t> loss,
                               const std::string& population = "") {
  return {.population = population,
          .grant = grant_of(room, 1),
          .budget = {2'000'000, 2000},
          .loss = loss};
}

}  // namespace gbx::client
