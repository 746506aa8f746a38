#include "cli/own_derived.h"

#include <algorithm>

#include "cli/home_files.h"
#include "client/query/ask_derived.h"
#include "trusted/crypto/entropy.h"

namespace gbx::cli {

std::vector<packet::DerivedTable> own_derived(const std::string& room,
                                              const client::PolicyFile& policy,
                                              const client::Home& home) {
  std::vector<packet::DerivedTable> out;
  const bool any =
      std::any_of(policy.policy.tables.begin(), policy.policy.tables.end(),
                  [](const policy::Table& table) { return table.rule.derived_hours > 0; });
  if (!any) return out;
  try {
    crypto::SystemEntropy entropy;
    client::RoomConnection connection(room);
    const packet::DerivedList all =
        client::ask_derived({&connection, &entropy, now_seconds()}, policy, home, {});
    for (const packet::ListedTable& listed : all.tables) {
      if (listed.table.member == home.identity().name) out.push_back(listed.table);
    }
  } catch (const std::runtime_error&) {
    out.clear();
  }
  return out;
}

void define_own(client::StaticCheck& checker, const client::Question& question) {
  for (const packet::DerivedTable& table : question.known) {
    static_cast<void>(checker.define(table.name, table.sql, table.member));
  }
}

std::vector<sql::Derived> defined(const policy::VerifiedPolicy& policy,
                                  const client::Question& question) {
  if (question.known.empty()) return {};
  auto checker = client::StaticCheck::make(policy);
  if (!checker) return {};
  define_own(*checker, question);
  return checker->derived();
}

}  // namespace gbx::cli
