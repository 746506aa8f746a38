#pragma once

// A question, signed by the member who asks, for one boot of one room.
//
// The host carries it and may replay or hold it: the id is fresh, and the room answers an id once.

#include <optional>
#include <string>

#include "trusted/base/bytes.h"
#include "trusted/packet/binding.h"
#include "trusted/packet/derived.h"
#include "trusted/packet/dsse.h"
#include "trusted/packet/template_call.h"

namespace gbx::packet {

constexpr std::string_view kRequestType = "application/vnd.glovebox.request+json";
constexpr std::size_t kSqlBytesMax = 65536;

struct Request {
  std::string member;
  Hash policy_hash{};
  BindingDigest binding{};            // one that this boot of the room has issued
  std::array<std::uint8_t, 16> id{};  // random
  std::string sql;  // at most kSqlBytesMax bytes; empty with a template or about derived tables
  std::optional<TemplateCall> call = {};  // a template of the policy, in place of SQL
  bool dry_run = false;                   // price only: nothing is read, nothing is spent
  std::optional<std::string> epsilon;     // decimal; the policy's epsilon_per_query when absent
  // Something about derived tables, in place of a question: then it is no dry run, and has no
  // epsilon.
  std::optional<DerivedCall> derived = {};
  friend bool operator==(const Request&, const Request&) = default;
};

Envelope make_request(const Request& request, const crypto::SigningKey& member);
// Fails with unverified (signature) or invalid_argument ("request_malformed").
Result<Request> open_request(const Envelope& envelope, const crypto::PublicKey& member);
// Who claims to ask, before anything is verified: only good for finding the member's key.
Result<std::string> peek_request_member(const Envelope& envelope);

}  // namespace gbx::packet
