#pragma once

// Grants, totals and closing statements for the tests of this folder.

#include <string>

#include "client/ledger/population.h"
#include "tests/spec/examples.h"
#include "trusted/packet/statement.h"

namespace gbx::client {

constexpr const char* kOwnerName = "shopgood";

inline crypto::PublicKey owner_key() { return spec::example_signing_key(kOwnerName).public_key(); }

inline TotalSet total_of(std::uint64_t epsilon, std::uint64_t delta = 3000) {
  return {.at = 1'795'000'000, .accounting = privacy::Accounting::pure, .total = {epsilon, delta}};
}

inline std::string origin_of(const std::string& room) { return "glovebox/spring/1/" + room; }

inline Grant grant_of(const std::string& room, std::uint64_t epsilon) {
  return {.at = 1'795'000'100,
          .collaboration = "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
          .table = "purchases",
          .policy = spec::example_hash("policy"),
          .snapshot = spec::example_hash("snapshot"),
          .binding = {1},
          .log_origin = origin_of(room),
          .room_key = spec::example_signing_key(room).public_key(),
          .accounting = privacy::Accounting::pure,
          .given = {epsilon, epsilon / 1000},
          .head = {3, Hash{1}}};
}

inline Return return_of(const std::string& room, std::uint64_t epsilon) {
  return {.at = 1'795'000'200,
          .log_origin = origin_of(room),
          .table = "purchases",
          .spent = {epsilon, epsilon / 1000},
          .head = {7, Hash{9}},
          .statement = spec::example_hash("statement")};
}

// What a room says at its end: one table, purchases.
inline packet::Statement closing_of(const std::string& room, const std::string& spent,
                                    int delta_spent = 100) {
  Json tables{Json::Array{}};
  tables.push(Json::object({{"delta_left_2_60", 0},
                            {"delta_spent_2_60", delta_spent},
                            {"epsilon_left", "0"},
                            {"epsilon_spent", spent},
                            {"table", "purchases"}}));
  Json predicate = Json::object(
      {{"kind", "close"},
       {"log", Json::object({{"hash", to_hex(Hash{9})}, {"origin", origin_of(room)}, {"size", 7}})},
       {"policy", to_hex(spec::example_hash("policy"))},
       {"tables", std::move(tables)}});
  return {.subject_name = origin_of(room),
          .subject_digest = Hash{9},
          .predicate_type = std::string(packet::kClosingPredicate),
          .predicate = std::move(predicate)};
}

inline packet::Envelope signed_closing(const packet::Statement& statement,
                                       const std::string& signer) {
  return packet::make_statement(statement, spec::example_signing_key(signer));
}

inline std::string reason_of(const Status& status) {
  return status ? "" : std::string(status.error().reason.view());
}

}  // namespace gbx::client
