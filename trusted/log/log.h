#pragma once

// The room's log: a hash chain over everything that a room must not be able to deny, kept by the
// host.
//
// The host stores the entries and may lose, reorder, cut or change them, fail, or start the room
// again from an old state. What must stay true: a Receipt exists only for an entry that the store
// has confirmed; who knows a head can tell whether a list of entries is the one behind it; two runs
// from one state never make the same entry, because each entry carries 16 fresh random bytes.
// Format: docs/spec/log.md. Not thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/base/json.h"
#include "trusted/base/seams.h"

namespace gbx::log {

constexpr std::size_t kOriginBytesMax = 256;
constexpr std::size_t kEntryBytesMax = std::size_t{1} << 20;
constexpr std::size_t kEntriesMax = std::size_t{1} << 24;

struct Head {
  std::uint64_t size = 0;  // number of entries
  Hash hash{};
  friend bool operator==(const Head&, const Head&) = default;
};

// The head of no entries: SHA-256("glovebox log v1\n" + origin). `origin` says whose log it is.
Head empty_head(std::string_view origin);
// The head after one more: SHA-256(head || SHA-256(entry)).
Head extend(const Head& head, ByteView entry);

// Proof, inside this process, that an entry is stored. Only Log makes one.
class Receipt {
 public:
  [[nodiscard]] std::uint64_t number() const { return head_.size - 1; }  // of the entry, from 0
  [[nodiscard]] const Hash& entry_hash() const { return entry_hash_; }   // SHA-256 of its bytes
  [[nodiscard]] const Head& head() const { return head_; }               // with the entry in it

 private:
  friend class Log;
  Receipt(const Hash& entry_hash, const Head& head) : entry_hash_(entry_hash), head_(head) {}
  Hash entry_hash_;
  Head head_;
};

// A Store whose entries are chained before `store` gets them.
class Log final : public Store {
 public:
  // An empty log. Both seams must outlive it. Fails with invalid_argument (origin_malformed: empty,
  // too long, or not printable ASCII).
  static Result<Log> make(std::string origin, Store& store, Entropy& entropy);

  // Chains `body` (a JSON object of strings, integers, arrays and objects) and has it stored.
  // Fails with invalid_argument (entry_malformed; nothing changed) or unavailable (entropy,
  // log_full: nothing changed; the store: the entry is in the chain, is handed to the store again
  // before the next one, and there is no receipt).
  Result<Receipt> add(const Json& body);
  // Hands the last entry to the store again. Only after add() failed at the store. Fails with
  // unavailable (the store).
  Result<Receipt> retry();
  // The same as add() for the canonical text of a body: what Budget::reserve() writes through.
  Status append(ByteView entry) noexcept override;

  [[nodiscard]] const std::string& origin() const { return origin_; }
  [[nodiscard]] const Head& head() const { return head_; }

 private:
  Log(std::string origin, Store& store, Entropy& entropy)
      : origin_(std::move(origin)),
        head_(empty_head(origin_)),
        store_(&store),
        entropy_(&entropy) {}
  [[nodiscard]] Status flush();

  std::string origin_;
  Head head_;
  Store* store_;
  Entropy* entropy_;
  std::optional<Bytes> unconfirmed_;  // the last entry, when the store has not confirmed it
};

struct Replay {
  Head head;
  std::vector<std::string_view> bodies;  // canonical JSON objects, inside of `entries`
};

// Takes what a host says it stored apart again: bodies in order, and the head to compare with one
// that somebody trusted remembers. An entry written twice in a row (after a failed write) counts
// once. The entries must outlive what is returned. Fails with unverified: entry_malformed,
// entry_out_of_order, log_too_long.
Result<Replay> replay(std::string_view origin, const std::vector<Bytes>& entries);

}  // namespace gbx::log
