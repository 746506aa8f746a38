#pragma once

// What a member asks of a room about derived tables, and what the room says of them
// (docs/spec/derived.md).
//
// A member writes names, text and times; a host carries them sealed. Decoding only makes sure that
// there is one spelling and that every size is bounded: firewall/derived.h says whether a
// definition may be one, room/derived.h what becomes of it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/base/json.h"
#include "trusted/packet/binding.h"

namespace gbx::packet {

constexpr std::size_t kDerivedSqlBytesMax = 8192;
constexpr std::size_t kDerivedMax = 64;              // in one room
constexpr std::size_t kVetoesMax = 64;               // of one owner in one room
constexpr std::int64_t kUntilMax = 253'402'300'799;  // 9999-12-31T23:59:59Z
constexpr std::size_t kOfferedMax = 256;             // columns of one

// The enumerator is the name on the wire.
enum class DerivedAction : std::uint8_t { create, drop, list, veto };

// In a request, in place of a question.
struct DerivedCall {
  DerivedAction action = DerivedAction::list;
  std::string name;        // "" of list; of veto: whatever is made of the owner's tables
  std::string sql;         // of create: one SELECT, at most kDerivedSqlBytesMax bytes
  std::int64_t until = 0;  // of create: gone from then on; seconds since 1970
  friend bool operator==(const DerivedCall&, const DerivedCall&) = default;
};

Json encode(const DerivedCall& call);
// Fails with invalid_argument and `reason`, as do all below.
Result<DerivedCall> decode_derived_call(const Json& json, Literal reason);

// A definition, as a statement carries it: what who verifies needs to read the question.
struct DerivedTable {
  std::array<std::uint8_t, 16> id{};  // of the request that made it
  std::string member;                 // who did
  std::string name;
  std::string sql;
  std::int64_t until = 0;
  friend bool operator==(const DerivedTable&, const DerivedTable&) = default;
};

// By which the ledger names it: SHA-256 of "glovebox/derived/v1", a zero byte and its canonical
// JSON. The id is random, so that nobody can guess the text from the ledger.
Hash derived_digest(const DerivedTable& table);

Json encode(const std::vector<DerivedTable>& tables);
// At least one, at most kDerivedMax, no two of one name.
Result<std::vector<DerivedTable>> decode_derived_tables(const Json& json, Literal reason);

// One as a room lists it.
struct ListedTable {
  DerivedTable table;
  std::vector<std::string> columns;  // that it offers
  std::vector<std::string> tables;   // of the policy, beneath it; ascending
  std::vector<std::string> beneath;  // derived ones that it stands on, by name, in order
};

struct Veto {
  std::string owner;
  std::string name;  // "": every one over the owner's tables
  friend bool operator==(const Veto&, const Veto&) = default;
};

// The answer to every such request: what there is after it. The subject of its statement.
struct DerivedList {
  std::vector<ListedTable> tables;  // in the order of definition
  std::vector<Veto> vetoes;
};

Json encode(const DerivedList& list);
Result<DerivedList> decode_derived_list(const Json& json, Literal reason);

// What the room says beside it, under its signature.
struct DerivedPredicate {
  BindingDigest binding{};
  Hash policy_hash{};
  std::string member;  // who asked
  std::array<std::uint8_t, 16> request_id{};
  Hash request_digest{};
  Hash log_head{};  // after the entry, where there is one
  std::uint64_t log_size = 0;
  std::int64_t time = 0;
};

Json encode(const DerivedPredicate& predicate);
Result<DerivedPredicate> decode_derived_predicate(const Json& json, Literal reason);

}  // namespace gbx::packet
