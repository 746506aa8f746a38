#pragma once

// in-toto Statements (github.com/in-toto/attestation, v1): "this file has this digest, and here is
// what I say of it", as a DSSE envelope that common supply-chain tools read.

#include <string>

#include "trusted/base/bytes.h"
#include "trusted/base/json.h"
#include "trusted/packet/dsse.h"

namespace gbx::packet {

constexpr std::string_view kStatementType = "application/vnd.in-toto+json";
constexpr std::string_view kAnswerPredicate = "https://glovebox.dev/attestation/answer/v1";
constexpr std::string_view kClosingPredicate = "https://glovebox.dev/attestation/closing/v1";
constexpr std::string_view kDerivedPredicate = "https://glovebox.dev/attestation/derived/v1";

struct Statement {
  std::string subject_name;
  Hash subject_digest{};
  std::string predicate_type;
  Json predicate;
};

Envelope make_statement(const Statement& statement, const crypto::SigningKey& signer);
// Fails with unverified (signature, predicate type) or invalid_argument ("statement_malformed").
Result<Statement> open_statement(const Envelope& envelope, std::string_view predicate_type,
                                 const crypto::PublicKey& signer);

}  // namespace gbx::packet
