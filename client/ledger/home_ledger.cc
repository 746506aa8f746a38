#include "client/ledger/home_ledger.h"

#include <algorithm>
#include <set>
#include <system_error>

#include "trusted/base/value.h"
#include "trusted/crypto/entropy.h"

namespace gbx::client {
namespace {

constexpr unsigned kOwnerOnly = 0600;
constexpr std::string_view kExtension = ".jsonl";
constexpr const char* kOlderBook = "allotments.json";
constexpr Error kDamaged{ErrorCode::unverified, "ledger_damaged"};

std::filesystem::path folder_in(const Home& home) { return home.folder() / "ledger"; }

std::filesystem::path file_of(const Home& home, const std::string& population) {
  return folder_in(home) / (population + std::string(kExtension));
}

Status make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::create_directories(folder, error)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  }
  return error ? Status(Error{ErrorCode::unavailable, "file_unwritable"}) : Status();
}

// The populations that have a file or had one.
Result<std::set<std::string>> names_in(const Home& home) {
  std::set<std::string> out;
  for (const auto& [population, head] : home.ledger_heads()) out.insert(population);
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder_in(home), error), end;
       !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() != kExtension) continue;
    const std::string name = entry->path().stem().string();
    if (!is_member_name(name)) return kDamaged;
    out.insert(name);
  }
  if (error) return Error{ErrorCode::unavailable, "file_unreadable"};
  return out;
}

bool has_table(const Population& population, const Grant& grant) {
  return std::ranges::any_of(population.allotments(), [&](const Allotment& allotment) {
    return allotment.grant.collaboration == grant.collaboration &&
           allotment.grant.table == grant.table;
  });
}

// How much this order is for: what was asked, else what this room was given before, else what is
// left of the policy's budget for the table.
privacy::Price amount_of(const AllotmentOrder& order, const Population& population,
                         privacy::Price committed) {
  const privacy::Price left = rest_of(order.budget, committed);
  const Allotment* before = population.find(order.grant.log_origin, order.grant.table);
  if (before != nullptr && !order.loss) return before->grant.given;
  const privacy::Price share = share_of(order.budget, order.loss.value_or(left.loss));
  const std::uint64_t most = before != nullptr ? order.budget.delta : left.delta;
  return {share.loss, std::min(share.delta, std::max<std::uint64_t>(most, 1))};
}

}  // namespace

privacy::Price share_of(privacy::Price budget, std::uint64_t loss) {
  if (budget.delta == 0) return {loss, 0};  // queries are counted, nothing else
  if (budget.loss == 0) return {loss, 1};
  const auto delta =
      static_cast<std::uint64_t>(static_cast<UInt128>(budget.delta) * loss / budget.loss);
  return {loss, std::max<std::uint64_t>(delta, 1)};
}

Status HomeLedger::load(const std::string& population) {
  const auto remembered = home_->ledger_heads().find(population);
  const bool known = remembered != home_->ledger_heads().end();
  const auto text = read_file(file_of(*home_, population), Population::kFileBytesMax);
  if (!text && text.error().code == ErrorCode::not_found) {
    return Error{ErrorCode::unverified, "ledger_missing"};
  }
  if (!text) return text.error();
  GBX_TRY_ASSIGN(Population read,
                 Population::parse(*text, population, home_->identity().signing_key));
  if (known && !read.passed(remembered->second)) {
    return Error{ErrorCode::unverified, "ledger_rolled_back"};
  }
  populations_.push_back(std::move(read));
  return {};
}

Result<HomeLedger> HomeLedger::open(Home& home) {
  std::error_code error;
  if (std::filesystem::exists(home.folder() / kOlderBook, error)) {
    return Error{ErrorCode::policy_denied, "allotments_older"};
  }
  GBX_TRY(make_folder(folder_in(home)));
  GBX_TRY_ASSIGN(FolderLock lock, FolderLock::take(folder_in(home)));
  GBX_TRY(home.refresh());
  HomeLedger out(home, std::move(lock));
  GBX_TRY_ASSIGN(const std::set<std::string> names, names_in(home));
  for (const std::string& name : names) GBX_TRY(out.load(name));
  return out;
}

const Population* HomeLedger::find(std::string_view population) const {
  const auto found = std::ranges::find(populations_, population, &Population::name);
  return found == populations_.end() ? nullptr : &*found;
}

// The ledger first: what it says beyond the remembered head counts all the same.
Status HomeLedger::enter(const std::string& population, const LedgerEvent& event) {
  const Population* before = find(population);
  Population after =
      before != nullptr ? *before : Population(population, home_->identity().signing_key);
  crypto::SystemEntropy entropy;
  GBX_TRY(after.add(event, entropy));
  GBX_TRY(write_file(file_of(*home_, population), after.print(home_->signing_key()), kOwnerOnly));
  GBX_TRY(home_->keep_ledger_head(population, after.head()));
  const auto place = std::ranges::lower_bound(populations_, population, {}, &Population::name);
  if (before != nullptr) {
    *place = std::move(after);
  } else {
    populations_.insert(place, std::move(after));
  }
  return {};
}

Status HomeLedger::set_total(const std::string& population, const TotalSet& total, Raise raise) {
  if (!is_member_name(population)) return Error{ErrorCode::invalid_argument, "name_malformed"};
  const Population* before = find(population);
  if (before != nullptr && before->is_set() && before->accounting() == total.accounting) {
    if (before->total() == total.total) return {};
    if (raise == Raise::no && !privacy::covers(before->total(), total.total)) {
      return Error{ErrorCode::policy_denied, "total_would_rise"};
    }
  }
  return enter(population, total);
}

Result<std::string> HomeLedger::resolve(const AllotmentOrder& order) const {
  const std::string& named = order.population;
  if (!named.empty() && !is_member_name(named)) {
    return Error{ErrorCode::invalid_argument, "name_malformed"};
  }
  const auto before = std::ranges::find_if(populations_, [&](const Population& population) {
    return has_table(population, order.grant);
  });
  if (before != populations_.end()) {
    if (named.empty() || named == before->name()) return before->name();
    return Error{ErrorCode::policy_denied, "population_differs"};
  }
  if (!named.empty()) return named;
  if (populations_.empty()) return std::string(kEveryone);
  if (populations_.size() == 1) return populations_.front().name();
  return Error{ErrorCode::invalid_argument, "population_unnamed"};
}

// A room may hold tables of several populations; its key and its log are one.
Status HomeLedger::check_room(const Grant& grant) const {
  for (const Population& population : populations_) {
    for (const Allotment& allotment : population.allotments()) {
      if (allotment.grant.log_origin != grant.log_origin) continue;
      if (allotment.grant.room_key != grant.room_key) {
        return Error{ErrorCode::unverified, "log_origin_wrong"};
      }
      if (is_behind(grant.head, allotment.grant.head)) {
        return Error{ErrorCode::unverified, "log_rolled_back"};
      }
    }
  }
  return {};
}

Result<Grant> HomeLedger::plan(const AllotmentOrder& order) const {
  GBX_TRY(check_room(order.grant));
  GBX_TRY_ASSIGN(const std::string name, resolve(order));
  const Population* population = find(name);
  if (population == nullptr) return Error{ErrorCode::not_found, "population_unset"};
  Grant grant = order.grant;
  GBX_TRY_ASSIGN(const privacy::Price committed,
                 population->committed(grant.collaboration, grant.table, grant.accounting));
  grant.given = amount_of(order, *population, committed);
  const Error over{ErrorCode::budget_exhausted, "allotment_over_budget"};
  if (grant.given.loss == 0) return over;
  const Allotment* before = population->find(grant.log_origin, grant.table);
  privacy::Price elsewhere = committed;  // in other rooms
  if (before != nullptr && !before->spent) {
    elsewhere = rest_of(committed, before->grant.given);
  }
  if (before == nullptr || before->grant.given != grant.given) {
    if (!privacy::covers(order.budget, privacy::add(elsewhere, grant.given))) return over;
  }
  GBX_TRY(population->allows(grant));
  return grant;
}

Result<Grant> HomeLedger::allot(const AllotmentOrder& order) {
  GBX_TRY_ASSIGN(Grant grant, plan(order));
  GBX_TRY_ASSIGN(const std::string population, resolve(order));
  GBX_TRY(enter(population, grant));
  return grant;
}

Shortage HomeLedger::shortage(const AllotmentOrder& order) const {
  Shortage out;
  const auto name = resolve(order);
  out.population = name ? *name : order.population;
  out.accounting = order.grant.accounting;
  out.wanted = order.loss ? share_of(order.budget, *order.loss) : order.budget;
  const Population* population = find(out.population);
  if (population == nullptr) return out;
  out.is_set = true;
  out.total = population->total();
  out.free = population->free();
  const auto committed =
      population->committed(order.grant.collaboration, order.grant.table, order.grant.accounting);
  if (committed) out.wanted = amount_of(order, *population, *committed);
  const auto charge = charge_in(population->accounting(), order.grant.accounting, out.wanted);
  if (charge) out.wanted = *charge;
  out.accounting = population->accounting();
  return out;
}

// Every grant of that room, before one is touched.
Status HomeLedger::hold(const Closing& closing, const crypto::PublicKey& room) const {
  bool any = false;
  for (const Population& population : populations_) {
    for (const auto& [table, spent] : closing.spent) {
      const Allotment* granted = population.find(closing.log_origin, table);
      if (granted == nullptr || granted->spent) continue;
      any = true;
      if (granted->grant.room_key != room || granted->grant.policy != closing.policy ||
          granted->grant.accounting != closing.accounting) {
        return Error{ErrorCode::unverified, "closing_malformed"};
      }
      const Return back{
          .log_origin = closing.log_origin, .table = table, .spent = spent, .head = closing.head};
      GBX_TRY(population.allows(back));
    }
  }
  if (!any) return Error{ErrorCode::policy_denied, "already_taken_back"};
  return {};
}

Result<std::size_t> HomeLedger::take_back(const packet::Envelope& envelope, std::int64_t now) {
  GBX_TRY_ASSIGN(const std::string origin, peek_closed_origin(envelope));
  std::optional<crypto::PublicKey> room_key;
  for (const Population& population : populations_) {
    for (const Allotment& allotment : population.allotments()) {
      if (allotment.grant.log_origin == origin) room_key = allotment.grant.room_key;
    }
  }
  if (!room_key) return Error{ErrorCode::not_found, "room_unknown"};
  GBX_TRY_ASSIGN(const Closing closing, open_closing(envelope, *room_key));
  GBX_TRY(hold(closing, *room_key));
  std::size_t count = 0;
  std::vector<std::string> names;
  for (const Population& population : populations_) names.push_back(population.name());
  for (const std::string& name : names) {
    for (const auto& [table, spent] : closing.spent) {
      const Allotment* granted = find(name)->find(closing.log_origin, table);
      if (granted == nullptr || granted->spent) continue;
      GBX_TRY(enter(name, Return{.at = now,
                                 .log_origin = closing.log_origin,
                                 .table = table,
                                 .spent = spent,
                                 .head = closing.head,
                                 .statement = closing.statement}));
      count++;
    }
  }
  return count;
}

}  // namespace gbx::client
