#pragma once

// The owner's own book of privacy budget (docs/spec/allotments.md): what it has allotted of each
// table to which room, and what came back. This is where a budget ends, over all rooms, boots and
// policy versions: a host that restarts a room or restores an old state gets nothing that is not in
// here.
//
// A room takes one release per table and boot, so allotments to one room count once, with the
// largest. What was allotted comes back only by a closing statement that the room's key has signed.
// The book is keyed by collaboration and table: a new policy version, a new snapshot of the table
// or the same file under another digest gets no fresh budget.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "trusted/base/json.h"
#include "trusted/log/log.h"
#include "trusted/packet/binding.h"
#include "trusted/packet/dsse.h"
#include "trusted/privacy/plan.h"

namespace gbx::client {

struct Allotment {
  std::string collaboration;
  std::string table;
  std::string log_origin;        // names the room's boot
  crypto::PublicKey room_key{};  // signs its closing statement
  privacy::Accounting accounting = privacy::Accounting::pure;
  privacy::Price given;                 // the largest that was sent to it
  std::optional<privacy::Price> spent;  // once closed
  log::Head head;                       // the last that was seen of its log
};

class AllotmentBook {
 public:
  static constexpr std::size_t kAllotmentsMax = 100'000;

  AllotmentBook() = default;
  // Fails with invalid_argument (allotments_malformed).
  static Result<AllotmentBook> decode(const Json& json);
  [[nodiscard]] Json encode() const;

  [[nodiscard]] const std::vector<Allotment>& allotments() const { return allotments_; }
  // What was given of a table to one room; nullptr when nothing was.
  [[nodiscard]] const Allotment* find(std::string_view log_origin, std::string_view table) const;
  // What the table's budget has lost for good or may still lose.
  [[nodiscard]] privacy::Price committed(std::string_view collaboration,
                                         std::string_view table) const;
  // Notes `allotment`, before it is sent. Fails with budget_exhausted (allotment_over_budget) when
  // all allotments of the table would be more than `budget`: nothing is noted.
  Status commit(const Allotment& allotment, privacy::Price budget);
  // The head of that room's log must not be behind what was seen: unverified (log_rolled_back).
  [[nodiscard]] Status check_head(std::string_view log_origin, const log::Head& head) const;
  // Takes back what a closed room has not spent. Yields how many allotments that were. Fails with
  // not_found (room_unknown), unverified (the signature, closing_malformed): nothing changes.
  Result<std::size_t> settle(const packet::Envelope& closing);

 private:
  std::vector<Allotment> allotments_;
};

// The book in `home`/allotments.json: an empty one when there is none. Fails as read_file() or
// decode() does. Whoever changes it holds the folder's lock from load to save.
Result<AllotmentBook> load_allotments(const std::filesystem::path& home);
Status save_allotments(const std::filesystem::path& home, const AllotmentBook& book);

}  // namespace gbx::client
