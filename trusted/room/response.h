#pragma once

// The only way out of a room for anything that came from rows.
//
// A ReleasedTable is made of a Released alone (HAVING, ORDER BY, LIMIT and intervals work on
// released values); a Response of a ReleasedTable and a log's Receipt, signed by the room and
// sealed to the receivers.
//
// A price (dry run) needs neither: it is made from public facts. Whoever carries a Response learns
// its size, padded, and who may open it.

#include <span>
#include <string>
#include <vector>

#include "trusted/crypto/sign.h"
#include "trusted/firewall/check.h"
#include "trusted/log/log.h"
#include "trusted/packet/answer.h"
#include "trusted/packet/sealed_answer.h"
#include "trusted/privacy/release.h"

namespace gbx::room {

// The answer's rows. Only released values can become one.
class ReleasedTable {
 public:
  // At most the policy's result_rows rows, and how many more there were. Fails as
  // privacy::half_widths() does.
  static Result<ReleasedTable> make(const firewall::CheckedQuery& query,
                                    const policy::Policy& policy,
                                    const privacy::Released& released);
  [[nodiscard]] const packet::AnswerTable& table() const { return table_; }

 private:
  explicit ReleasedTable(packet::AnswerTable table) : table_(std::move(table)) {}
  packet::AnswerTable table_;
};

// The columns of the answer to `query`, with half-widths. Public. Fails as half_widths() does.
Result<std::vector<packet::Output>> answer_columns(const firewall::CheckedQuery& query);
// How the answer is noised. Public. Fails as half_widths() does.
Result<packet::NoiseParameters> noise_parameters(const privacy::Plan& plan);

// Who signs, who may open.
struct Signatory {
  const crypto::SigningKey* key = nullptr;
  std::span<const packet::Receiver> receivers;
  Entropy* entropy = nullptr;
};

class Response {
 public:
  // What goes on the wire (docs/spec/result.md, 3).
  [[nodiscard]] const std::string& packet() const { return packet_; }

 private:
  friend class Responder;
  explicit Response(std::string packet) : packet_(std::move(packet)) {}
  std::string packet_;
};

class Responder {
 public:
  // `receipt` is of the entry of this release; `predicate` says all but the log. Fails with
  // unavailable (entropy) or invalid_argument (no receiver).
  static Result<Response> respond(ReleasedTable&& table, const log::Receipt& receipt,
                                  packet::AnswerPredicate predicate, const Signatory& signatory);
  // The answer to a dry run: columns and noise, no rows.
  static Result<Response> respond_price(std::vector<packet::Output> columns,
                                        const packet::AnswerPredicate& predicate,
                                        const Signatory& signatory);
  // The answer to a request about derived tables: public among members. Sealed to who asked.
  static Result<Response> respond_derived(const packet::DerivedList& list,
                                          const packet::DerivedPredicate& predicate,
                                          const Signatory& signatory);
};

}  // namespace gbx::room
