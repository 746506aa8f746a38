#pragma once

// The room: one collaboration, from boot to close.
//
//   booted     policy verified, keys made here and never leaving, log begun
//   hello      evidence bound to {nonce, keys, policy, log, image}; any number of parties
//   attach     an owner's sealed snapshot and signed manifest; no key yet
//   release    the owner's key and budget allotment, sealed to this boot, this manifest, this head
//   query      a member's request, signed and sealed to this boot -> refusal, price, or an answer
//   sealed to the receivers close      keys wiped; a signed statement of what was spent
//
// The same question again is answered from what was released before, at no price. A request can
// also define, drop, veto or list derived tables (derived.h).
//
// The host carries every byte and may replay, reorder, cut, withhold and invent; members may be
// hostile to each other; the clock is the host's. What must stay true: no row is read before its
// charge is durable; nothing leaves but evidence, public state, refusals (a code, a word, a place
// in the caller's text) and sealed answers; on neighbouring data every refusal is the same; after a
// charge there is one refusal only, whatever failed; what was spent is never given back.
//
// No I/O, no clock, no threads: everything outside is a seam, so a room runs whole under a seed.
// Not thread-safe: one call at a time.

#include <map>
#include <memory>
#include <set>
#include <string>

#include "trusted/log/log.h"
#include "trusted/packet/binding.h"
#include "trusted/packet/close_request.h"
#include "trusted/packet/refusal.h"
#include "trusted/packet/request.h"
#include "trusted/policy/policy.h"
#include "trusted/privacy/budget.h"
#include "trusted/room/datasets.h"
#include "trusted/room/derived.h"
#include "trusted/room/engine.h"
#include "trusted/room/questions.h"
#include "trusted/room/releases.h"
#include "trusted/room/response.h"
#include "trusted/room/seams.h"

namespace gbx::room {

// All must outlive the room.
struct Seams {
  Entropy* entropy = nullptr;
  Store* store = nullptr;
  Clock* clock = nullptr;
  Quoter* quoter = nullptr;
  Parser* parser = nullptr;
  Engine* engine = nullptr;
};

// What runs, as the platform proves it.
struct Platform {
  Hash image_digest{};
  attest::Platform platform = attest::Platform::sim;
};

class Room {
 public:
  // How many requests one boot takes, in equal shares for each member; then it must be started
  // anew.
  static constexpr std::size_t kRequestsMax = std::size_t{1} << 18;

  // Makes the keys, begins the log. Fails with policy_denied (policy_expired, image_not_allowed) or
  // unavailable (entropy, store).
  static Result<std::unique_ptr<Room>> boot(policy::VerifiedPolicy policy, Platform platform,
                                            const Seams& seams);

  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  Room(Room&&) = delete;
  Room& operator=(Room&&) = delete;
  ~Room() = default;

  // Evidence for `nonce` (32 bytes): canonical JSON {binding, evidence, log}. The same nonce again
  // gives the same binding; nothing is remembered of it. Answered when the room is closed or its
  // policy has expired, too: whoever closes it meets it first. Fails with invalid_argument
  // (nonce_size) or unavailable.
  Result<std::string> hello(ByteView nonce);
  // Fails as Datasets::attach().
  Result<std::string> attach(std::string_view envelope,
                             std::shared_ptr<const snapshot::BlockSource> sealed);
  // Fails with unverified (envelope, seal; policy_hash_wrong, binding_unknown, manifest_wrong,
  // log_head_wrong: these name what the terms disagree in), policy_denied, or unavailable. Unless
  // it succeeds, the table is not usable and nothing was allotted.
  Result<std::string> release(std::string_view envelope);
  // Fails with a refusal for the caller. Before the charge: whatever is wrong with the request,
  // from public facts alone. After it: unavailable (query_failed), always. Of a request about
  // derived tables: as DerivedTables, firewall::admit_derived() and the store do.
  Result<Response> query(std::string_view sealed);
  // Public state as canonical JSON.
  [[nodiscard]] std::string status() const;
  // This boot's signature under `refusal`, which is what the room says of the call; closed or not.
  [[nodiscard]] crypto::Signature sign_refusal(const packet::RefusedCall& refused,
                                               ByteView refusal) const {
    return packet::sign_refusal(refused, refusal, keys_.signing);
  }
  // By a member that may provide or query: wipes the data keys, then signs {log, per table allotted
  // and spent}; again the same statement. Fails with unverified (envelope; policy_hash_wrong,
  // binding_unknown), invalid_argument (close_malformed), not_found (member_unknown) or
  // policy_denied (member_may_not_close): the room goes on. Fails with unavailable (store): the
  // room is closed all the same, and can be asked again.
  Result<std::string> close(std::string_view envelope);

 private:
  // Made at boot, never leave.
  struct Keys {
    crypto::SigningKey signing;
    crypto::SealingKey sealing;
  };
  struct Accounts {
    log::Log log;
    privacy::Budget budget;
  };

  Room(policy::VerifiedPolicy policy, Platform platform, const Seams& seams, Keys keys,
       Accounts accounts);

  Status check_open() const;
  [[nodiscard]] packet::Binding binding_for(ByteView nonce) const;
  // Nothing is remembered of a hello: whoever refers to a binding says its nonce.
  Status check_binding(const packet::BindingDigest& digest, ByteView nonce) const;
  Status check_close(std::string_view envelope) const;
  Result<log::Receipt> log_close(const Json& entry);
  Result<packet::OpenedRelease> open_release(std::string_view envelope) const;
  Status check_terms(const packet::ReleaseTerms& terms) const;
  Status log_release(const packet::ReleaseTerms& terms);
  [[nodiscard]] Json table_status(const policy::Table& table) const;
  [[nodiscard]] Json table_totals(const policy::Table& table) const;

  // A request that its member has signed, for this boot, seen for the first time.
  struct Asked {
    packet::Request request;
    Hash digest{};  // SHA-256 of its payload
    std::int64_t now = 0;
    std::vector<packet::Receiver> receivers;  // once the query has been checked
  };
  Result<Asked> open_request(std::string_view sealed_text);
  Result<firewall::CheckedQuery> check(const Asked& asked);
  Result<Response> derive(const Asked& asked);
  Status define(const Asked& asked);
  Status undefine(const Asked& asked);
  Result<std::vector<Dataset>> datasets_of(const firewall::CheckedQuery& query,
                                           std::int64_t now) const;
  // A request that may be answered, with what is known of its release before it.
  struct Question {
    Asked asked;
    firewall::CheckedQuery query;
    std::vector<packet::UsedSnapshot> snapshots;  // by table
    Hash key{};                                   // release_key()
    std::vector<Hash> near = {};                  // requests of earlier ones that it is near
  };
  [[nodiscard]] std::vector<packet::UsedSnapshot> snapshots_of(
      const firewall::CheckedQuery& query) const;
  Result<packet::AnswerPredicate> predicate_of(const Question& question) const;
  // What is left of each table's budget, before and after a price.
  Result<std::vector<packet::BudgetMove>> moves(const Question& question,
                                                privacy::Price price) const;
  Status commit_list(const ReleasedTable& table, packet::AnswerPredicate& predicate, Json& entry);
  Status check_ration(const Question& question);
  [[nodiscard]] bool refuses_near(const firewall::CheckedQuery& query) const;
  Status check_near(const Question& question) const;
  Result<Response> dry_run(const Question& question);
  Result<Response> repeat(const Question& question, const Releases::Entry& first);
  Result<Response> answer(const Question& question, std::span<const Dataset> datasets,
                          privacy::Reservation reservation);
  [[nodiscard]] Signatory signatory(const Asked& asked) const {
    return {&keys_.signing, asked.receivers, seams_.entropy};
  }

  policy::VerifiedPolicy policy_;
  Platform platform_;
  Seams seams_;
  Keys keys_;
  log::Log log_;
  privacy::Budget budget_;
  Datasets datasets_;
  Releases releases_;
  Questions questions_;
  DerivedTables derived_;
  // Every id that was ever taken, by member.
  std::map<std::string, std::set<std::array<std::uint8_t, 16>>> requests_;
  bool closed_ = false;
  bool close_logged_ = false;      // whether the store has confirmed it or not
  std::string closing_statement_;  // once signed
};

}  // namespace gbx::room
