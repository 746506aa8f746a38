#include "trusted/policy/privacy_codec.h"

#include <algorithm>
#include <array>

#include "trusted/packet/amounts.h"

namespace gbx::policy {
namespace {

using packet::kNumberBytesMax;
using packet::take_u64;

constexpr Literal kMalformed = "policy_malformed";

std::uint32_t take_u32(Fields& fields, std::string_view key) {
  return static_cast<std::uint32_t>(fields.integer(key, 0, 0xffffffff));
}

// In the order of privacy::OpenRows.
constexpr std::array<std::string_view, 3> kOpenRows = {"select", "hide", "show"};

// The words of `json` must be some of "gaussian" and "laplace", in this order.
void take_noise(Fields& fields, Privacy& out) {
  out.laplace = false;
  for (const Json& item : fields.array("noise", 2)) {
    const std::string* word = item.string();
    const bool gaussian = word != nullptr && *word == "gaussian" && !out.gaussian && !out.laplace;
    const bool laplace = word != nullptr && *word == "laplace" && !out.laplace;
    if (!gaussian && !laplace) fields.fail();
    out.gaussian = out.gaussian || gaussian;
    out.laplace = out.laplace || laplace;
  }
}

void take_mechanisms(Fields& fields, Privacy& out) {
  const auto accounting = privacy::accounting_from(fields.text("accounting", kNumberBytesMax));
  if (!accounting || accounting == privacy::Accounting::queries) fields.fail();
  out.accounting = accounting.value_or(privacy::Accounting::pure);
  take_noise(fields, out);
  const std::string selection = fields.text("selection", kNumberBytesMax);
  if (selection != "geometric" && selection != "threshold") fields.fail();
  out.geometric = selection == "geometric";
  const std::string rows = fields.text("open_rows", kNumberBytesMax);
  const auto found = std::find(kOpenRows.begin(), kOpenRows.end(), rows);
  if (found == kOpenRows.end()) {
    fields.fail();
    return;
  }
  out.open_rows = static_cast<privacy::OpenRows>(found - kOpenRows.begin());
}

// Present where it allows something only.
void take_outer_joins(const Json& json, Fields& fields, Privacy& out) {
  out.outer_joins = json.find("outer_joins") != nullptr;
  if (out.outer_joins && fields.text("outer_joins") != "doubled") fields.fail();
}

Json encode_differencing(Differencing differencing) {
  return Json::object({{"near", differencing.refuse ? "refuse" : "flag"},
                       {"percent", std::int64_t{differencing.percent}},
                       {"values", std::int64_t{differencing.values}}});
}

Result<Differencing> decode_differencing(const Json& json) {
  Fields fields(json, kMalformed);
  Differencing out;
  const std::string near = fields.text("near", kNumberBytesMax);
  if (near != "refuse" && near != "flag") fields.fail();
  out.refuse = near == "refuse";
  out.percent = take_u32(fields, "percent");
  out.values = take_u32(fields, "values");
  GBX_TRY(fields.finish());
  return out;
}

Json encode_threshold_only(const Privacy& privacy) {
  return Json::object({{"differencing", encode_differencing(privacy.differencing)},
                       {"groups_per_person", std::int64_t{privacy.groups_per_person}},
                       {"k", privacy.people_min},
                       {"queries", format_loss(privacy.accounting, privacy.queries)},
                       {"rows_per_group", std::int64_t{privacy.rows_per_group}},
                       {"threshold_only", kThresholdOnly}});
}

void take_threshold_only(Fields& fields, Privacy& out) {
  if (fields.text("threshold_only", kNumberBytesMax) != kThresholdOnly) fields.fail();
  out.accounting = privacy::Accounting::queries;
  out.laplace = false;
  out.queries = packet::take_loss(fields, out.accounting, "queries");
}

}  // namespace

Json encode_privacy(const Privacy& privacy) {
  if (threshold_only(privacy)) return encode_threshold_only(privacy);
  Json::Array noise;
  if (privacy.gaussian) noise.emplace_back("gaussian");
  if (privacy.laplace) noise.emplace_back("laplace");
  Json out =
      Json::object({{"accounting", privacy::accounting_name(privacy.accounting)},
                    {"delta_2_60", privacy.delta},
                    {"delta_per_query_2_60", privacy.delta_per_query},
                    {"differencing", encode_differencing(privacy.differencing)},
                    {"epsilon", privacy::format_epsilon(privacy.epsilon)},
                    {"epsilon_per_query", privacy::format_epsilon(privacy.epsilon_per_query)},
                    {"groups_per_person", std::int64_t{privacy.groups_per_person}},
                    {"k", privacy.people_min},
                    {"noise", Json(std::move(noise))},
                    {"open_rows", kOpenRows[static_cast<std::size_t>(privacy.open_rows)]},
                    {"selection", privacy.geometric ? "geometric" : "threshold"},
                    {"rows_per_group", std::int64_t{privacy.rows_per_group}}});
  if (privacy.outer_joins) out.set("outer_joins", "doubled");
  return out;
}

Result<Privacy> decode_privacy(const Json& json) {
  Fields fields(json, kMalformed);
  Privacy out;
  out.people_min = fields.integer("k", 0, Json::kIntegerMax);
  out.groups_per_person = take_u32(fields, "groups_per_person");
  out.rows_per_group = take_u32(fields, "rows_per_group");
  const Json& differencing = fields.object("differencing");
  if (json.find("threshold_only") != nullptr) {
    take_threshold_only(fields, out);
    GBX_TRY(fields.finish());
    GBX_TRY_ASSIGN(out.differencing, decode_differencing(differencing));
    return out;
  }
  take_mechanisms(fields, out);
  take_outer_joins(json, fields, out);
  out.epsilon = packet::take_loss(fields, privacy::Accounting::pure, "epsilon");
  out.epsilon_per_query = packet::take_loss(fields, privacy::Accounting::pure, "epsilon_per_query");
  out.delta = take_u64(fields, "delta_2_60");
  out.delta_per_query = take_u64(fields, "delta_per_query_2_60");
  GBX_TRY(fields.finish());
  GBX_TRY_ASSIGN(out.differencing, decode_differencing(differencing));
  return out;
}

}  // namespace gbx::policy
