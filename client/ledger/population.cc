#include "client/ledger/population.h"

#include <algorithm>

#include "client/keys/identity.h"
#include "trusted/crypto/hash.h"

namespace gbx::client {
namespace {

constexpr std::int64_t kTimeMax = 253'402'300'799;  // 9999-12-31T23:59:59Z
constexpr std::size_t kNameBytesMax = 256;

bool is_time(std::int64_t at) { return at >= 0 && at <= kTimeMax; }

bool is_name(std::string_view name) {
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  return !name.empty() && name.size() <= kNameBytesMax && std::ranges::all_of(name, printable);
}

// An amount that a file can say, of which a budget can be made.
bool is_sayable(privacy::Accounting accounting, privacy::Price amount) {
  const bool counted = accounting == privacy::Accounting::queries;
  return amount.loss >= 1 && amount.loss <= privacy::loss_max(accounting) &&
         (!counted || amount.delta == 0) &&
         amount.delta <= static_cast<std::uint64_t>(Json::kIntegerMax);
}

privacy::Price larger(privacy::Price a, privacy::Price b) {
  return {std::max(a.loss, b.loss), std::max(a.delta, b.delta)};
}

}  // namespace

Result<privacy::Price> charge_in(privacy::Accounting to, privacy::Accounting from,
                                 privacy::Price amount) {
  if (to == from) return amount;
  if (to != privacy::Accounting::zcdp || from != privacy::Accounting::pure) {
    return Error{ErrorCode::policy_denied, "accounting_differs"};
  }
  return privacy::Price{privacy::rho_of_epsilon(amount.loss), amount.delta};
}

privacy::Price rest_of(privacy::Price a, privacy::Price b) {
  return {a.loss > b.loss ? a.loss - b.loss : 0, a.delta > b.delta ? a.delta - b.delta : 0};
}

bool is_behind(const log::Head& head, const log::Head& seen) {
  return head.size < seen.size || (head.size == seen.size && head.hash != seen.hash);
}

Population::Population(std::string name, const crypto::PublicKey& owner)
    : name_(std::move(name)), owner_(owner) {
  GBX_CHECK(is_member_name(name_));
  heads_.push_back(log::empty_head(ledger_origin(owner_, name_)));
}

privacy::Accounting Population::accounting() const {
  GBX_CHECK(is_set());
  return totals_.back().accounting;
}

privacy::Price Population::total() const {
  GBX_CHECK(is_set());
  return totals_.back().total;
}

const Allotment* Population::find(std::string_view log_origin, std::string_view table) const {
  const auto found = index_.find(std::pair(std::string(log_origin), std::string(table)));
  return found == index_.end() ? nullptr : &allotments_[found->second];
}

privacy::Price Population::cost(const Allotment& allotment) const {
  const auto charge = charge_in(accounting(), allotment.grant.accounting,
                                allotment.spent.value_or(allotment.grant.given));
  GBX_CHECK(charge);  // checked when it was granted
  return *charge;
}

privacy::Price Population::spent() const {
  privacy::Price sum;
  for (const Allotment& allotment : allotments_) {
    if (allotment.spent) sum = privacy::add(sum, cost(allotment));
  }
  return sum;
}

privacy::Price Population::in_rooms() const { return privacy::minus(committed_, spent()); }

privacy::Price Population::free() const { return rest_of(total(), committed_); }

Result<privacy::Price> Population::committed(std::string_view collaboration, std::string_view table,
                                             privacy::Accounting accounting) const {
  privacy::Price sum;
  for (const Allotment& allotment : allotments_) {
    const Grant& grant = allotment.grant;
    if (grant.collaboration != collaboration || grant.table != table) continue;
    GBX_TRY_ASSIGN(const privacy::Price charge,
                   charge_in(accounting, grant.accounting, allotment.spent.value_or(grant.given)));
    sum = privacy::add(sum, charge);
  }
  return sum;
}

bool Population::passed(const log::Head& head) const {
  return head.size < heads_.size() && heads_[head.size] == head;
}

Status Population::check(const TotalSet& total) const {
  if (!is_time(total.at) || !is_sayable(total.accounting, total.total) ||
      !privacy::is_amount(total.accounting, total.total)) {
    return Error{ErrorCode::invalid_argument, "total_malformed"};
  }
  if (is_set() && total.accounting != accounting()) {
    return Error{ErrorCode::policy_denied, "accounting_differs"};
  }
  return {};
}

Status Population::check(const Grant& grant) const {
  if (!is_set()) return Error{ErrorCode::not_found, "population_unset"};
  if (!is_time(grant.at) || !is_name(grant.collaboration) || !is_name(grant.table) ||
      !is_name(grant.log_origin) || !is_sayable(grant.accounting, grant.given)) {
    return Error{ErrorCode::invalid_argument, "allotment_malformed"};
  }
  privacy::Price before;
  privacy::Price given = grant.given;
  if (const Allotment* same = find(grant.log_origin, grant.table); same != nullptr) {
    if (same->spent) return Error{ErrorCode::policy_denied, "room_closed"};
    if (same->grant.room_key != grant.room_key || same->grant.policy != grant.policy ||
        same->grant.collaboration != grant.collaboration ||
        same->grant.accounting != grant.accounting) {
      return Error{ErrorCode::unverified, "log_origin_wrong"};
    }
    if (is_behind(grant.head, same->grant.head)) {
      return Error{ErrorCode::unverified, "log_rolled_back"};
    }
    before = cost(*same);
    given = larger(given, same->grant.given);
  }
  GBX_TRY_ASSIGN(const privacy::Price charge, charge_in(accounting(), grant.accounting, given));
  // What a total that was set lower no longer covers can still be released to where it is.
  const bool free_of_charge = charge == before;
  if (!free_of_charge &&
      !privacy::covers(total(), privacy::add(privacy::minus(committed_, before), charge))) {
    return Error{ErrorCode::budget_exhausted, "population_exhausted"};
  }
  return {};
}

Status Population::check(const Return& back) const {
  if (!is_time(back.at)) return Error{ErrorCode::invalid_argument, "return_malformed"};
  const Allotment* granted = find(back.log_origin, back.table);
  if (granted == nullptr) return Error{ErrorCode::not_found, "room_unknown"};
  if (granted->spent) return Error{ErrorCode::policy_denied, "already_taken_back"};
  if (!privacy::covers(granted->grant.given, back.spent)) {
    return Error{ErrorCode::policy_denied, "closing_over_allotment"};
  }
  if (is_behind(back.head, granted->grant.head)) {
    return Error{ErrorCode::unverified, "log_rolled_back"};
  }
  return {};
}

void Population::recount(const privacy::Price& before, const Allotment& after) {
  committed_ = privacy::add(privacy::minus(committed_, before), cost(after));
}

void Population::enter(const TotalSet& total) { totals_.push_back(total); }

void Population::enter(const Grant& grant) {
  const auto [at, is_new] = index_.try_emplace({grant.log_origin, grant.table}, allotments_.size());
  if (is_new) {
    allotments_.push_back({grant, std::nullopt});
    recount({}, allotments_.back());
    return;
  }
  Allotment& same = allotments_[at->second];
  const privacy::Price before = cost(same);
  const privacy::Price given = larger(same.grant.given, grant.given);
  same.grant = grant;
  same.grant.given = given;
  recount(before, same);
}

void Population::enter(const Return& back) {
  Allotment& granted = allotments_[index_.find({back.log_origin, back.table})->second];
  const privacy::Price before = cost(granted);
  granted.spent = back.spent;
  granted.grant.head = back.head;
  recount(before, granted);
}

Status Population::allows(const LedgerEvent& event) const {
  if (lines_.size() >= kEntriesMax) return Error{ErrorCode::unavailable, "ledger_full"};
  return std::visit([&](const auto& what) { return check(what); }, event);
}

void Population::enter_line(std::string line, const LedgerEvent& event) {
  std::visit([&](const auto& what) { enter(what); }, event);
  heads_.push_back(log::extend(heads_.back(), as_bytes(line)));
  lines_.push_back(std::move(line));
}

}  // namespace gbx::client
