#include "trusted/packet/answer.h"

#include <algorithm>
#include <array>

#include "trusted/crypto/hash.h"
#include "trusted/packet/amounts.h"

namespace gbx::packet {
namespace {

constexpr Literal kMalformed = "answer_malformed";
constexpr std::size_t kNameBytesMax = 256;
constexpr std::size_t kTablesMax = 256;
constexpr std::size_t kBodyBytesMax = std::size_t{64} << 20;

Error malformed() { return {ErrorCode::invalid_argument, kMalformed}; }

std::string key(privacy::Accounting accounting, std::string_view suffix = "") {
  return std::string(loss_name(accounting)) + std::string(suffix);
}

// In the order of privacy::Selection.
constexpr std::array<std::string_view, 5> kSelections = {"threshold", "geometric", "margin", "none",
                                                         "exact"};
// In the order of privacy::NoiseKind.
constexpr std::array<std::string_view, 3> kNoises = {"laplace", "gaussian", "none"};

// The share is epsilon for Laplace noise and rho for Gaussian, whatever the accounting.
privacy::Accounting share_unit(privacy::NoiseKind noise) {
  return noise == privacy::NoiseKind::laplace ? privacy::Accounting::pure
                                              : privacy::Accounting::zcdp;
}

Json encode_statistic(const NoisedStatistic& entry) {
  const privacy::Statistic& statistic = entry.statistic;
  Json out = Json::object({{"half_width", entry.half_width},
                           {"levels", std::int64_t{statistic.levels}},
                           {"noise", kNoises[static_cast<std::size_t>(statistic.noise)]},
                           {"per_group", statistic.per_group}});
  if (statistic.noise == privacy::NoiseKind::none) return out;
  const privacy::Accounting unit = share_unit(statistic.noise);
  out.set(key(unit), format_loss(unit, statistic.share));
  return out;
}

privacy::NoiseKind take_noise(Fields& fields) {
  const std::string text = fields.text("noise", kNumberBytesMax);
  const auto found = std::find(kNoises.begin(), kNoises.end(), text);
  if (found != kNoises.end()) return static_cast<privacy::NoiseKind>(found - kNoises.begin());
  fields.fail();
  return privacy::NoiseKind::none;
}

Result<NoisedStatistic> decode_statistic(const Json& json) {
  Fields fields(json, kMalformed);
  NoisedStatistic out;
  out.statistic.noise = take_noise(fields);
  if (out.statistic.noise != privacy::NoiseKind::none) {
    const privacy::Accounting unit = share_unit(out.statistic.noise);
    out.statistic.share = take_loss(fields, unit, key(unit));
  }
  out.half_width = fields.integer("half_width", 0, Json::kIntegerMax);
  out.statistic.levels = static_cast<std::uint32_t>(fields.integer("levels", 1, 0xffffffff));
  out.statistic.per_group = fields.integer("per_group", 1, Json::kIntegerMax);
  GBX_TRY(fields.finish());
  return out;
}

privacy::Accounting take_accounting(Fields& fields) {
  const auto accounting = privacy::accounting_from(fields.text("accounting", kNumberBytesMax));
  if (!accounting) fields.fail();
  return accounting.value_or(privacy::Accounting::pure);
}

privacy::Selection take_selection(Fields& fields) {
  const std::string text = fields.text("selection", kNumberBytesMax);
  const auto found = std::find(kSelections.begin(), kSelections.end(), text);
  if (found == kSelections.end()) {
    fields.fail();
    return privacy::Selection::threshold;
  }
  return static_cast<privacy::Selection>(found - kSelections.begin());
}

Result<NoiseParameters> decode_noise(const Json& json) {
  Fields fields(json, kMalformed);
  NoiseParameters out;
  out.accounting = take_accounting(fields);
  out.price.delta = take_u64(fields, "delta_2_60");
  out.price.loss = take_loss(fields, out.accounting, key(out.accounting));
  out.groups_per_person =
      static_cast<std::uint32_t>(fields.integer("groups_per_person", 1, 0xffffffff));
  out.hides_people = fields.integer("hides_people", 0, Json::kIntegerMax);
  out.people_min = fields.integer("k", 2, Json::kIntegerMax);
  out.open = fields.boolean("open");
  out.replaces = fields.boolean("replaces");
  out.selection = take_selection(fields);
  const Json::Array& statistics = fields.array("statistics", kStatisticsMax);
  GBX_TRY(fields.finish());
  for (const Json& item : statistics) {
    GBX_TRY_ASSIGN(const NoisedStatistic statistic, decode_statistic(item));
    out.statistics.push_back(statistic);
  }
  return out;
}

Json encode_move(privacy::Accounting accounting, const BudgetMove& move) {
  return Json::object({{"delta_after_2_60", move.after.delta},
                       {"delta_before_2_60", move.before.delta},
                       {key(accounting, "_after"), format_loss(accounting, move.after.loss)},
                       {key(accounting, "_before"), format_loss(accounting, move.before.loss)},
                       {"table", move.table}});
}

Result<BudgetMove> decode_move(privacy::Accounting accounting, const Json& json) {
  Fields fields(json, kMalformed);
  BudgetMove out;
  out.after.delta = take_u64(fields, "delta_after_2_60");
  out.before.delta = take_u64(fields, "delta_before_2_60");
  out.after.loss = take_loss(fields, accounting, key(accounting, "_after"));
  out.before.loss = take_loss(fields, accounting, key(accounting, "_before"));
  out.table = fields.text("table", kNameBytesMax);
  GBX_TRY(fields.finish());
  return out;
}

Result<UsedSnapshot> decode_snapshot(const Json& json) {
  Fields fields(json, kMalformed);
  UsedSnapshot out;
  out.manifest_digest = fields.hex_array<32>("manifest");
  out.table = fields.text("table", kNameBytesMax);
  GBX_TRY(fields.finish());
  return out;
}

// The members of the predicate that are objects of a few plain fields.
Status decode_parts(Fields& fields, AnswerPredicate& out) {
  Fields log(fields.object("log"), kMalformed);
  out.log_head = log.hex_array<32>("head");
  out.log_size = take_u64(log, "size");
  GBX_TRY(log.finish());
  Fields query(fields.object("query"), kMalformed);
  out.query_digest = query.hex_array<32>("sha256");
  out.query_text = query.text("text", kBodyBytesMax);
  GBX_TRY(query.finish());
  Fields request(fields.object("request"), kMalformed);
  out.request_id = request.hex_array<16>("id");
  out.request_digest = request.hex_array<32>("sha256");
  return request.finish();
}

bool is_exact(const NoiseParameters& noise) { return noise.selection == privacy::Selection::exact; }

Result<std::vector<Hash>> decode_near(const Json& json) {
  const Json::Array* items = json.array();
  if (items == nullptr || items->empty() || items->size() > kNearMax) return malformed();
  std::vector<Hash> out;
  for (const Json& item : *items) {
    const std::string* text = item.string();
    if (text == nullptr) return malformed();
    const auto bytes = from_hex(*text);
    if (!bytes || bytes->size() != sizeof(Hash)) return malformed();
    std::copy(bytes->begin(), bytes->end(), out.emplace_back().begin());
  }
  return out;
}

// Tables in strictly ascending order: each once, and one spelling.
template <typename T>
bool ascending(const std::vector<T>& entries) {
  for (std::size_t i = 1; i < entries.size(); i++) {
    if (!(entries[i - 1].table < entries[i].table)) return false;
  }
  return true;
}

// What an answer must say that it does not promise; empty when it promises what `noise` does.
std::string_view no_guarantee(const AnswerPredicate& predicate) {
  if (predicate.list) return kListGuarantee;
  return is_exact(predicate.noise) ? kNoGuarantee : std::string_view();
}

}  // namespace

Json encode(const NoiseParameters& noise) {
  Json::Array statistics;
  for (const NoisedStatistic& entry : noise.statistics) {
    statistics.push_back(encode_statistic(entry));
  }
  return Json::object({{"accounting", accounting_name(noise.accounting)},
                       {"delta_2_60", noise.price.delta},
                       {"groups_per_person", std::int64_t{noise.groups_per_person}},
                       {"hides_people", noise.hides_people},
                       {"k", noise.people_min},
                       {key(noise.accounting), format_loss(noise.accounting, noise.price.loss)},
                       {"open", noise.open},
                       {"replaces", noise.replaces},
                       {"selection", kSelections[static_cast<std::size_t>(noise.selection)]},
                       {"statistics", Json(std::move(statistics))}});
}

Json encode(const AnswerPredicate& predicate) {
  Json::Array budget;
  for (const BudgetMove& move : predicate.budget)
    budget.push_back(encode_move(predicate.noise.accounting, move));
  Json::Array snapshots;
  for (const UsedSnapshot& used : predicate.snapshots) {
    snapshots.push_back(
        Json::object({{"manifest", to_hex(used.manifest_digest)}, {"table", used.table}}));
  }
  Json out = Json::object(
      {{"binding", to_hex(predicate.binding)},
       {"budget", Json(std::move(budget))},
       {"image_digest", to_hex(predicate.image_digest)},
       {"log", Json::object({{"head", to_hex(predicate.log_head)}, {"size", predicate.log_size}})},
       {"member", predicate.member},
       {"noise", encode(predicate.noise)},
       {"platform", predicate.platform},
       {"policy_hash", to_hex(predicate.policy_hash)},
       {"query",
        Json::object({{"sha256", to_hex(predicate.query_digest)}, {"text", predicate.query_text}})},
       {"request", Json::object({{"id", to_hex(predicate.request_id)},
                                 {"sha256", to_hex(predicate.request_digest)}})},
       {"snapshots", Json(std::move(snapshots))},
       {"time", predicate.time}});
  if (const auto none = no_guarantee(predicate); !none.empty()) out.set("guarantee", none);
  if (predicate.list) out.set("list", encode(*predicate.list));
  if (!predicate.near.empty()) {
    Json::Array near;
    for (const Hash& request : predicate.near) near.emplace_back(to_hex(request));
    out.set("near", Json(std::move(near)));
  }
  if (predicate.repeat_of) out.set("repeat_of", to_hex(*predicate.repeat_of));
  if (predicate.call) out.set("template", encode(*predicate.call));
  if (!predicate.derived.empty()) out.set("derived", encode(predicate.derived));
  return out;
}

Result<AnswerPredicate> decode_answer_predicate(const Json& json) {
  Fields fields(json, kMalformed);
  AnswerPredicate out;
  out.binding = fields.hex_array<64>("binding");
  const Json::Array& budget = fields.array("budget", kTablesMax);
  if (const Json* derived = fields.optional("derived")) {
    GBX_TRY_ASSIGN(out.derived, decode_derived_tables(*derived, kMalformed));
  }
  const bool promised = json.find("guarantee") == nullptr;
  const std::string none = promised ? "" : fields.text("guarantee", kNameBytesMax);
  out.image_digest = fields.hex_array<32>("image_digest");
  if (const Json* list = fields.optional("list")) {
    GBX_TRY_ASSIGN(out.list, decode_list_terms(*list, kMalformed));
  }
  out.member = fields.text("member", kNameBytesMax);
  const Json* near = fields.optional("near");
  const Json& noise = fields.object("noise");
  out.platform = fields.text("platform", kNameBytesMax);
  out.policy_hash = fields.hex_array<32>("policy_hash");
  if (json.find("repeat_of") != nullptr) out.repeat_of = fields.hex_array<32>("repeat_of");
  const Json::Array& snapshots = fields.array("snapshots", kTablesMax);
  if (const Json* call = fields.optional("template")) {
    GBX_TRY_ASSIGN(out.call, decode_template_call(*call, kMalformed));
  }
  out.time = fields.integer("time", 0, Json::kIntegerMax);
  GBX_TRY(decode_parts(fields, out));
  GBX_TRY(fields.finish());
  GBX_TRY_ASSIGN(out.noise, decode_noise(noise));
  if (none != no_guarantee(out) || promised != none.empty()) return malformed();
  if (near != nullptr) {
    GBX_TRY_ASSIGN(out.near, decode_near(*near));
  }
  for (const Json& item : budget) {
    GBX_TRY_ASSIGN(BudgetMove move, decode_move(out.noise.accounting, item));
    out.budget.push_back(std::move(move));
  }
  for (const Json& item : snapshots) {
    GBX_TRY_ASSIGN(UsedSnapshot used, decode_snapshot(item));
    out.snapshots.push_back(std::move(used));
  }
  if (!ascending(out.budget) || !ascending(out.snapshots)) return malformed();
  return out;
}

Hash answer_digest(const AnswerTable& table) {
  return crypto::sha256(as_bytes(encode(table).canonical()));
}

std::string print_answer_body(const Json& result, const Envelope& statement) {
  // An envelope prints as canonical JSON, so what was printed parses.
  return Json::object(
             {{"result", result}, {"statement", Json::parse(print_envelope(statement)).value()}})
      .canonical();
}

Result<AnswerBody> parse_answer_body(std::string_view text) {
  if (text.size() > kBodyBytesMax) return malformed();
  const auto json = Json::parse_canonical(text);
  if (!json) return malformed();
  Fields fields(*json, kMalformed);
  AnswerBody out;
  out.result = fields.object("result");
  const Json& statement = fields.object("statement");
  GBX_TRY(fields.finish());
  auto envelope = parse_envelope(statement.canonical());
  if (!envelope) return malformed();
  out.statement = std::move(envelope).value();
  return out;
}

Hash request_digest(const Envelope& request) { return crypto::sha256(as_bytes(request.payload)); }

}  // namespace gbx::packet
