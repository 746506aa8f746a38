#include "trusted/snapshot/manifest.h"

#include <algorithm>
#include <limits>
#include <set>

#include "trusted/crypto/hash.h"
#include "trusted/snapshot/layout.h"
#include "trusted/snapshot/utf8.h"

namespace gbx::snapshot {
namespace {

constexpr Literal kMalformed = "manifest_malformed";
constexpr Error kMalformedError{ErrorCode::invalid_argument, kMalformed};
constexpr std::size_t kNameMax = 63;
constexpr std::int64_t kDayFirst = -719'162;  // 0001-01-01
constexpr std::int64_t kDayLast = 2'932'896;  // 9999-12-31
constexpr std::int64_t kMicrosPerDay = 86'400LL * 1'000'000;
constexpr std::int64_t kInt32Max = std::numeric_limits<std::int32_t>::max();

Json encode_column(const ManifestColumn& column) {
  Json out;
  out.set("name", column.name);
  out.set("type", type_name(column.type.type));
  out.set("scale", static_cast<std::int64_t>(column.type.scale));
  out.set("label", label_name(column.label));
  out.set("nullable", column.nullable);
  if (column.bounded) {
    out.set("bounds", Json::Array{format_value(column.low, column.type),
                                  format_value(column.high, column.type)});
  }
  if (!column.domain.empty()) {
    Json::Array domain;
    for (const std::string& value : column.domain) domain.emplace_back(value);
    out.set("domain", std::move(domain));
  }
  return out;
}

// A value in the one spelling that format_value gives it.
Result<std::int64_t> decode_value(const Json& json, ValueType type) {
  if (json.string() == nullptr) return kMalformedError;
  GBX_TRY_ASSIGN(const std::int64_t value, parse_value(*json.string(), type));
  if (!in_type_range(value, type) || format_value(value, type) != *json.string()) {
    return kMalformedError;
  }
  return value;
}

Status decode_bounds(const Json& json, ManifestColumn& column) {
  const Json::Array* bounds = json.array();
  const bool countable = column.type.type != Type::text && column.type.type != Type::boolean;
  if (bounds == nullptr || bounds->size() != 2 || !countable) return kMalformedError;
  GBX_TRY_ASSIGN(column.low, decode_value((*bounds)[0], column.type));
  GBX_TRY_ASSIGN(column.high, decode_value((*bounds)[1], column.type));
  if (column.low > column.high) return kMalformedError;
  column.bounded = true;
  return {};
}

Status decode_domain(const Json& json, ManifestColumn& column) {
  const Json::Array* domain = json.array();
  if (domain == nullptr || domain->empty() || domain->size() > kDomainMax ||
      column.type.type != Type::text) {
    return kMalformedError;
  }
  for (const Json& value : *domain) {
    const std::string* text = value.string();
    if (text == nullptr || !is_dictionary_text(*text)) return kMalformedError;
    if (!column.domain.empty() && !(column.domain.back() < *text)) return kMalformedError;
    column.domain.push_back(*text);
  }
  return {};
}

Result<ManifestColumn> decode_column(const Json& json) {
  Fields fields(json, kMalformed);
  ManifestColumn column;
  column.name = fields.text("name", kNameMax);
  const std::optional<Type> type = type_from(fields.text("type"));
  column.type.scale = static_cast<std::uint8_t>(fields.integer("scale", 0, kScaleMax));
  const std::optional<Label> label = label_from(fields.text("label"));
  column.nullable = fields.boolean("nullable");
  const Json* bounds = fields.optional("bounds");
  const Json* domain = fields.optional("domain");
  GBX_TRY(fields.finish());
  if (!type || !label || *label == Label::pii || !is_column_name(column.name)) {
    return kMalformedError;
  }
  column.type.type = *type;
  column.label = *label;
  if ((column.type.scale != 0) != (*type == Type::decimal)) return kMalformedError;
  if (bounds != nullptr) GBX_TRY(decode_bounds(*bounds, column));
  if (domain != nullptr) GBX_TRY(decode_domain(*domain, column));
  return column;
}

// The names are distinct, and exactly the person column has the label person.
Status check_columns(const SnapshotManifest& manifest) {
  std::set<std::string_view> names;
  bool person_seen = false;
  for (const ManifestColumn& column : manifest.columns) {
    if (!names.insert(column.name).second) return kMalformedError;
    const bool is_person = column.name == manifest.person;
    if (is_person != (column.label == Label::person)) return kMalformedError;
    if (!is_person) continue;
    person_seen = true;
    if (column.type.type != Type::text || column.nullable || !column.domain.empty()) {
      return kMalformedError;
    }
  }
  if (!person_seen || manifest.columns.size() > kColumnsMax + 1) return kMalformedError;
  return {};
}

Hash hash_field(Fields& fields, std::string_view key) {
  Hash out{};
  const std::vector<std::uint8_t> bytes = fields.hex(key, out.size());
  if (bytes.size() == out.size()) std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

Json encode_stream(const StreamSummary& stream) {
  Json out;
  out.set("bytes", stream.bytes);
  out.set("chunks", stream.chunks);
  out.set("index_bytes", stream.index_bytes);
  out.set("root", to_hex(stream.root));
  return out;
}

Status decode_stream(const Json& json, StreamSummary& out) {
  Fields fields(json, kMalformed);
  out.bytes = static_cast<std::uint64_t>(fields.integer("bytes", 1, Json::kIntegerMax));
  out.chunks = static_cast<std::uint64_t>(fields.integer("chunks", 1, kChunksMax));
  out.index_bytes = static_cast<std::uint64_t>(fields.integer("index_bytes", 1, kChunkBytesMax));
  out.root = hash_field(fields, "root");
  return fields.finish();
}

Json encode_lineage(const Lineage& lineage) {
  Json::Array transforms;
  for (const std::string& line : lineage.transforms) transforms.emplace_back(line);
  Json out;
  out.set("source", to_hex(lineage.source));
  out.set("tool", lineage.tool);
  out.set("transforms", std::move(transforms));
  return out;
}

Status decode_lineage(const Json& json, Lineage& out) {
  Fields fields(json, kMalformed);
  out.source = hash_field(fields, "source");
  out.tool = fields.text("tool", 200);
  for (const Json& line : fields.array("transforms", kColumnsMax + 1)) {
    if (line.string() == nullptr) return kMalformedError;
    out.transforms.push_back(*line.string());
  }
  return fields.finish();
}

Status decode_identity(Fields& fields, SnapshotManifest& out) {
  out.table = fields.text("table", kNameMax);
  out.owner = fields.text("owner", kNameMax);
  out.collaboration = to_hex(fields.hex("collaboration", 16));
  out.token_epoch = static_cast<std::uint32_t>(fields.integer("token_epoch", 1, kInt32Max));
  out.person = fields.text("person", kNameMax);
  out.identifier = fields.text("identifier", kNameMax);
  if (out.identifier != "email" && out.identifier != "phone") return kMalformedError;
  if (out.table.empty() || out.owner.empty()) return kMalformedError;
  return {};
}

}  // namespace

bool is_column_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (name.empty() || name.size() > kNameMax || !letter(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

bool in_type_range(std::int64_t value, ValueType type) {
  switch (type.type) {
    case Type::boolean: return value == 0 || value == 1;
    case Type::date: return value >= kDayFirst && value <= kDayLast;
    case Type::timestamp:
      return value >= kDayFirst * kMicrosPerDay && value < (kDayLast + 1) * kMicrosPerDay;
    case Type::integer:
    case Type::decimal:
    case Type::text: return true;
  }
  return false;
}

Json encode(const SnapshotManifest& manifest) {
  Json::Array columns;
  for (const ManifestColumn& column : manifest.columns) columns.push_back(encode_column(column));
  Json out;
  out.set("version", 1);
  out.set("table", manifest.table);
  out.set("owner", manifest.owner);
  out.set("collaboration", manifest.collaboration);
  out.set("token_epoch", static_cast<std::int64_t>(manifest.token_epoch));
  out.set("person", manifest.person);
  out.set("identifier", manifest.identifier);
  out.set("columns", std::move(columns));
  out.set("rows_per_person", static_cast<std::int64_t>(manifest.rows_per_person));
  out.set("stream", encode_stream(manifest.stream));
  out.set("lineage", encode_lineage(manifest.lineage));
  out.set("created", manifest.created);
  out.set("expires", manifest.expires);
  return out;
}

Result<SnapshotManifest> decode(const Json& payload) {
  Fields fields(payload, kMalformed);
  SnapshotManifest out;
  fields.integer("version", 1, 1);
  GBX_TRY(decode_identity(fields, out));
  for (const Json& column : fields.array("columns", kColumnsMax + 1)) {
    GBX_TRY_ASSIGN(ManifestColumn decoded, decode_column(column));
    out.columns.push_back(std::move(decoded));
  }
  out.rows_per_person =
      static_cast<std::uint32_t>(fields.integer("rows_per_person", 1, kRowsPerPersonMax));
  GBX_TRY(decode_stream(fields.object("stream"), out.stream));
  GBX_TRY(decode_lineage(fields.object("lineage"), out.lineage));
  out.created = fields.integer("created", 0, Json::kIntegerMax);
  out.expires = fields.integer("expires", 0, Json::kIntegerMax);
  GBX_TRY(fields.finish());
  if (out.expires <= out.created) return kMalformedError;
  GBX_TRY(check_columns(out));
  return out;
}

Result<VerifiedManifest> VerifiedManifest::verify(const packet::Envelope& envelope,
                                                  const crypto::PublicKey& owner) {
  GBX_TRY_ASSIGN(const Json payload, packet::verify_envelope(envelope, kManifestType, {&owner, 1}));
  GBX_TRY_ASSIGN(SnapshotManifest manifest, decode(payload));
  return VerifiedManifest(std::move(manifest), crypto::sha256(as_bytes(envelope.payload)));
}

}  // namespace gbx::snapshot
