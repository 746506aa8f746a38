#include "trusted/packet/statement.h"

namespace gbx::packet {
namespace {

constexpr std::string_view kInToto = "https://in-toto.io/Statement/v1";
constexpr Literal kMalformed = "statement_malformed";

Result<Statement> decode(const Json& json) {
  Fields fields(json, kMalformed);
  Statement out;
  if (fields.text("_type", 100) != kInToto) fields.fail();
  out.predicate_type = fields.text("predicateType", 200);
  out.predicate = fields.object("predicate");
  const Json::Array& subjects = fields.array("subject", 1);
  GBX_TRY(fields.finish());
  if (subjects.size() != 1) return Error{ErrorCode::invalid_argument, kMalformed};
  Fields subject(subjects.front(), kMalformed);
  out.subject_name = subject.text("name", 200);
  Fields digest(subject.object("digest"), kMalformed);
  out.subject_digest = digest.hex_array<32>("sha256");
  GBX_TRY(digest.finish());
  GBX_TRY(subject.finish());
  return out;
}

}  // namespace

Envelope make_statement(const Statement& statement, const crypto::SigningKey& signer) {
  Json subject =
      Json::object({{"digest", Json::object({{"sha256", to_hex(statement.subject_digest)}})},
                    {"name", statement.subject_name}});
  Json::Array subjects;
  subjects.push_back(std::move(subject));
  Envelope envelope =
      make_envelope(kStatementType, Json::object({{"_type", kInToto},
                                                  {"predicate", statement.predicate},
                                                  {"predicateType", statement.predicate_type},
                                                  {"subject", std::move(subjects)}}));
  sign(envelope, signer);
  return envelope;
}

Result<Statement> open_statement(const Envelope& envelope, std::string_view predicate_type,
                                 const crypto::PublicKey& signer) {
  GBX_TRY_ASSIGN(const Json payload,
                 verify_envelope(envelope, kStatementType, std::span(&signer, 1)));
  GBX_TRY_ASSIGN(Statement statement, decode(payload));
  if (statement.predicate_type != predicate_type) {
    return Error{ErrorCode::unverified, "predicate_type_wrong"};
  }
  return statement;
}

}  // namespace gbx::packet
