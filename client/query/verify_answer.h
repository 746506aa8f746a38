#pragma once

// Is this answer what it says: the answer of an attested room, under the policy that I trust, to
// the question that stands in it?
//
// An attacker hands over the file: the host, another member, whoever keeps it. Everything in it is
// checked against the one thing that the reader brings, the hash of a policy; docs/spec/result.md,
// 5, has the order. A VerifiedAnswer exists only after the last check. Pure: no files, no clock, no
// network; thread-safe.
//
// Certificates, revocation lists and collateral are held against a time that the reader says, its
// own clock unless it knows better. Never against the answer's own time, which is its host's word:
// whoever has a key that was revoked since could date answers back with it for ever.

#include "attest/evidence_bundle.h"
#include "client/query/answer_file.h"
#include "trusted/packet/request.h"
#include "trusted/policy/policy.h"

namespace gbx::client {

class VerifiedAnswer {
 public:
  // `now` in seconds since 1970, > 0. Fails with the first thing that is wrong: unverified or
  // invalid_argument and a reason of docs/reference/refusals.md.
  static Result<VerifiedAnswer> verify(const AnswerFile& file, const Hash& policy_hash,
                                       std::int64_t now);

  [[nodiscard]] const packet::AnswerTable& table() const { return table_; }
  [[nodiscard]] const packet::AnswerPredicate& predicate() const { return predicate_; }
  [[nodiscard]] const packet::Request& request() const { return request_; }
  [[nodiscard]] const policy::Policy& policy() const { return policy_; }
  // What was asked: the request's own SQL, or that of the template which it names.
  [[nodiscard]] const std::string& sql() const;
  // What the platform's evidence proves, in one word.
  [[nodiscard]] std::string_view assurance() const;

 private:
  VerifiedAnswer() = default;
  packet::AnswerTable table_;
  packet::AnswerPredicate predicate_;
  packet::Request request_;
  policy::Policy policy_;
  attest::ProvenRoom room_;
};

}  // namespace gbx::client
