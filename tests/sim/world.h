#pragma once

// A whole room and everybody around it under one seed: two owners, an analyst, and a host that can
// fail, replay and cut. Everything that crosses the line is kept, so runs can be compared byte by
// byte.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "enclave/session.h"
#include "engine/merge/merge.h"
#include "trusted/packet/answer.h"
#include "trusted/policy/policy.h"
#include "trusted/snapshot/writer.h"

namespace gbx::sim {

// SHA-256 in counter mode: the same bytes for the same seed. Fails once, at call `fail_at` (from
// 0), or never.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : seed_(seed) {}
  Status fill(std::span<std::uint8_t> out) noexcept override;
  std::size_t fail_at = SIZE_MAX;
  std::size_t calls = 0;

 private:
  std::uint64_t seed_;
  std::uint64_t counter_ = 0;
};

// The host's ledger. Fails once, at append `fail_at` (from 0); `keeps_failed` says whether the
// entry was written all the same.
class FaultyStore final : public Store {
 public:
  Status append(ByteView entry) noexcept override;
  std::size_t fail_at = SIZE_MAX;
  bool keeps_failed = false;
  std::size_t calls = 0;
  std::vector<Bytes> entries;
};

class FixedClock final : public Clock {
 public:
  std::int64_t now_seconds() noexcept override { return now; }
  std::int64_t now = 1'790'000'000;
};

// The person-merge engine in this process; counts, and can be made to fail or to lie.
class LocalEngine final : public room::Engine {
 public:
  std::size_t runs = 0;
  bool fails = false;
  std::optional<std::vector<sql::GroupRow>> lie;
  std::size_t runs_each = 1;  // how often it works out every answer

 private:
  Result<std::vector<sql::GroupRow>> compute(
      const sql::Task& task, std::span<const room::Dataset> datasets) noexcept override;
};

// DuckDB as the parser, in this process, one database per parse; a text is parsed once.
class LocalParser final : public room::Parser {
 public:
  Result<std::string> parse(std::string_view sql) noexcept override;

 private:
  std::map<std::string, std::string, std::less<>> parsed_;
};

struct Sealed {
  snapshot::SnapshotManifest manifest;
  std::string envelope;  // signed by the owner
  Bytes bytes;
  Hash digest{};  // of the manifest's payload
};

// One exposure or purchase.
struct ExposureRow {
  std::uint64_t person = 0;
  std::string campaign;
  std::int64_t day = 19500;
};
struct PurchaseRow {
  std::uint64_t person = 0;
  std::int64_t day = 19600;
  std::int64_t cents = 0;
};
struct Data {
  std::vector<ExposureRow> exposures;
  std::vector<PurchaseRow> purchases;
};

// 300 persons saw "autumn" and 200 of them "spring", too; all bought; one saw "jane".
Data example_data();

class World final : public enclave::RoomMaker {
 public:
  explicit World(std::uint64_t seed, const Data& data = example_data());

  // One frame in, the final answer out; both go to the transcript.
  enclave::Frame call(enclave::Call call, ByteView payload);
  enclave::Frame call(enclave::Call call, std::string_view payload) {
    return this->call(call, as_bytes(payload));
  }

  // boot, hello, attach and release of both tables. False when a step was refused.
  bool open();
  enclave::Frame boot();
  enclave::Frame hello();
  enclave::Frame attach(const Sealed& sealed);
  enclave::Frame release(const Sealed& sealed);

  // The policy, signed by all.
  std::string policy_packet();
  // Remembers binding and log head of what hello answered; false when that is a refusal.
  bool take_hello(const enclave::Frame& answer);
  // Packets as honest members make them; the room must have said hello.
  std::string make_release(const Sealed& sealed);
  // The request is sealed; as it was signed it stays in last_request.
  std::string make_request(std::string_view sql, bool dry_run = false);
  enclave::Frame ask(std::string_view sql, bool dry_run = false) {
    return call(enclave::Call::query, make_request(sql, dry_run));
  }

  // Signed by "shopgood" or "newsnow".
  std::string make_close(const std::string& member = "shopgood");
  enclave::Frame close() { return call(enclave::Call::close, make_close()); }

  // What a receiver reads of an answer; nullopt when it is a refusal or does not verify.
  struct Read {
    packet::AnswerTable table;
    packet::AnswerPredicate predicate;
  };
  [[nodiscard]] std::optional<Read> read(const enclave::Frame& answer) const;
  // Something about derived tables, asked by `asker`; and what it reads of the answer.
  enclave::Frame derive(const packet::DerivedCall& call);
  [[nodiscard]] std::optional<packet::DerivedList> read_derived(const enclave::Frame& answer) const;

  // RoomMaker.
  Result<std::unique_ptr<room::Room>> make(policy::VerifiedPolicy policy) noexcept override;
  std::shared_ptr<const snapshot::BlockSource> source(
      enclave::Descriptor descriptor) noexcept override;

  policy::Policy policy;
  Sealed exposures;
  Sealed purchases;
  // Of the next make_request().
  std::optional<std::string> asked_epsilon;
  std::optional<packet::TemplateCall> asked_call;    // in place of its SQL
  std::optional<packet::DerivedCall> asked_derived;  // in place of a question
  std::string asker = "newsnow";                     // or "agency", "shopgood"
  packet::ReleaseTerms terms;  // of the next make_release(): epsilon and delta
  packet::Binding binding;     // of the last hello
  Hash log_head{};             // likewise
  packet::Envelope last_request;
  SeededEntropy entropy;  // the room's
  SeededEntropy party_entropy;
  FaultyStore store;
  FixedClock clock;
  LocalEngine engine;
  LocalParser parser;
  Bytes transcript;

 private:
  Hash policy_hash_{};
  std::unique_ptr<Quoter> quoter_;
  enclave::Session session_{*this};
  Bytes attaching_;
  std::uint64_t requests_ = 0;
};

// "" for an answer, the word of a refusal otherwise.
std::string refusal_of(const enclave::Frame& frame);

}  // namespace gbx::sim
