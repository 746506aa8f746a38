#include "client/prepare/convert.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "client/prepare/failure.h"

namespace gbx::prepare {
namespace {

constexpr std::size_t kLinesShown = 3;
constexpr std::uint64_t kNumbersWatched = 1000;  // per column and thread
constexpr std::uint64_t kBareLeast = 20;

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\t'; });
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::uint8_t bare_kinds(std::string_view digits, const std::string& region) {
  std::uint8_t out = 0;
  if (is_bare_card(digits)) out |= pii_bit(Pii::card);
  if (is_bare_phone(digits, region)) out |= pii_bit(Pii::phone);
  return out;
}

void count_bare(PiiTally& tally, std::uint8_t kinds) {
  tally.looked_at++;
  for (std::size_t kind = 0; kind < kPiiKinds; kind++) {
    if ((std::uint32_t{kinds} >> kind) & 1U) tally.bare[kind]++;
  }
}

std::string_view plural_of(Pii kind) {
  switch (kind) {
    case Pii::email: return "e-mail addresses";
    case Pii::phone: return "phone numbers";
    case Pii::card: return "payment card numbers";
    case Pii::ssn: return "social security numbers";
    case Pii::iban: return "bank account numbers (IBAN)";
  }
  return {};
}

[[noreturn]] void refuse_pii(const ColumnSpec& column, Pii kind, const std::string& where) {
  throw Failure("column \"" + column.source + "\" is labelled " +
                std::string(label_name(column.label)) + " and looks like it holds " +
                std::string(plural_of(kind)) + " (" + where +
                "): label it pii, transform it, or write not_pii: [" + std::string(pii_name(kind)) +
                "] when you have looked and it is not");
}

}  // namespace

std::size_t TokenHash::operator()(const Token& token) const {
  std::size_t out = 0;
  std::memcpy(&out, token.data(), sizeof(out));
  return out;
}

RowConverter::RowConverter(const ConvertPlan& plan, const RecordLayout& layout)
    : plan_(&plan),
      layout_(&layout),
      shard_(std::make_unique<StoreShard>(layout)),
      values_(plan.columns.size()),
      tallies_(plan.columns.size()),
      pii_(plan.columns.size()),
      bare_(plan.columns.size()) {}

void RowConverter::reject(const Row& row, std::uint32_t column, Reject reason) {
  rejected_.push_back({row.line, column, reason});
}

void RowConverter::convert(const Row& row) {
  rows_++;
  if (row.rejected) return reject(row, kNoColumn, row.reject);
  Token token{};
  if (!take_person(row, token)) return;
  for (std::size_t i = 0; i < plan_->columns.size(); i++) {
    const Field& field = row.fields[plan_->columns[i].source];
    if (const auto reason = take_cell(i, field, values_[i])) {
      return reject(row, static_cast<std::uint32_t>(i), *reason);
    }
  }
  std::uint8_t* record = shard_->add(token);
  for (std::size_t i = 0; i < plan_->columns.size(); i++) {
    Value& value = values_[i];
    if (value.absent) {
      layout_->put_absent(record, i);
      continue;
    }
    if (layout_->slot(i).text) {
      add_text(i, value);
      watch_text(i, static_cast<std::uint32_t>(value.number), row.line);
    } else {
      shard_->note_range(i, value.number);
      watch_number(i, value.number);
    }
    layout_->put(record, i, value.number);
  }
}

// Who is listed is looked at before anything else of the row.
bool RowConverter::take_person(const Row& row, Token& token) {
  const Field& field = row.fields[plan_->person_source];
  if (is_null(field, Type::text) || is_blank(field.text)) {
    reject(row, kNoColumn, Reject::person_missing);
    return false;
  }
  if (!plan_->normaliser->normalise(field.text, normal_)) {
    reject(row, kNoColumn, Reject::person_malformed);
    return false;
  }
  token = plan_->token(normal_);
  if (!plan_->list) return true;
  if (plan_->listed.contains(token) == (*plan_->list == ListKind::consent)) return true;
  unlisted_++;
  return false;
}

bool RowConverter::is_null(const Field& field, Type type) const {
  if (field.null) return true;
  if (type != Type::text && is_blank(field.text)) return true;
  return !field.quoted &&
         std::find(plan_->nulls.begin(), plan_->nulls.end(), field.text) != plan_->nulls.end();
}

std::optional<Reject> RowConverter::take_cell(std::size_t column, const Field& field,
                                              Value& value) {
  const ColumnSpec& spec = *plan_->columns[column].spec;
  value.absent = is_null(field, spec.type.type);
  if (value.absent) return spec.nullable ? std::nullopt : std::optional(Reject::value_missing);
  if (spec.type.type == Type::text) return take_text(column, field, value);
  const std::optional<std::int64_t> parsed =
      spec.format ? spec.format->read(field.text) : parse_cell(field.text, spec.type);
  if (!parsed || !snapshot::in_type_range(*parsed, spec.type)) return Reject::value_malformed;
  const std::optional<std::int64_t> after = apply_number(spec.transform, *parsed, spec.type.type);
  if (!after || !snapshot::in_type_range(*after, spec.type)) return Reject::value_out_of_bounds;
  if (spec.bounded && (*after < spec.low || *after > spec.high)) return Reject::value_out_of_bounds;
  value.number = *after;
  return std::nullopt;
}

std::optional<Reject> RowConverter::take_text(std::size_t column, const Field& field,
                                              Value& value) {
  const ColumnSpec& spec = *plan_->columns[column].spec;
  const std::optional<std::string_view> after = apply_text(spec.transform, field.text);
  if (!after) return Reject::value_not_in_map;
  value.text = *after;
  const std::uint32_t code = shard_->dictionary(column).find(*after);
  value.number = code;
  if (code != Dictionary::kNone) return std::nullopt;
  if (!snapshot::is_dictionary_text(*after)) return Reject::value_too_long;
  if (!spec.domain.empty() && !std::binary_search(spec.domain.begin(), spec.domain.end(), *after)) {
    return Reject::value_not_in_domain;
  }
  return std::nullopt;
}

void RowConverter::add_text(std::size_t column, Value& value) {
  if (value.number != Dictionary::kNone) return;
  Dictionary& dictionary = shard_->dictionary(column);
  if (dictionary.size() >= snapshot::kDictionaryEntriesMax ||
      dictionary.bytes() + value.text.size() > snapshot::kDictionaryBytesMax) {
    throw Failure("column \"" + plan_->columns[column].spec->source +
                  "\" has too many different texts (over " +
                  std::to_string(snapshot::kDictionaryEntriesMax) +
                  ", or 256 MiB): shorten it with a transform, or drop it");
  }
  value.number = dictionary.add(value.text);
  pii_[column].push_back(find_pii(value.text, plan_->region));
  bare_[column].push_back(all_digits(value.text) ? bare_kinds(value.text, plan_->region)
                                                 : std::uint8_t{0});
}

void RowConverter::watch_text(std::size_t column, std::uint32_t code, std::uint64_t line) {
  PiiTally& tally = tallies_[column];
  count_bare(tally, bare_[column][code]);
  const std::uint8_t found = pii_[column][code];
  if (found == 0) return;
  for (std::size_t kind = 0; kind < kPiiKinds; kind++) {
    if (((std::uint32_t{found} >> kind) & 1U) == 0) continue;
    tally.hits[kind]++;
    if (tally.lines[kind].size() < kLinesShown) tally.lines[kind].push_back(line);
  }
}

void RowConverter::watch_number(std::size_t column, std::int64_t value) {
  if (plan_->columns[column].spec->type.type != Type::integer) return;
  PiiTally& tally = tallies_[column];
  if (tally.looked_at >= kNumbersWatched) return;
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  const std::string_view text(digits.data(), static_cast<std::size_t>(end.ptr - digits.data()));
  count_bare(tally, value > 0 ? bare_kinds(text, plan_->region) : std::uint8_t{0});
}

void add_tallies(std::vector<PiiTally>& all, const std::vector<PiiTally>& more) {
  all.resize(std::max(all.size(), more.size()));
  for (std::size_t i = 0; i < more.size(); i++) {
    all[i].looked_at += more[i].looked_at;
    for (std::size_t kind = 0; kind < kPiiKinds; kind++) {
      all[i].hits[kind] += more[i].hits[kind];
      all[i].bare[kind] += more[i].bare[kind];
      std::vector<std::uint64_t>& lines = all[i].lines[kind];
      lines.insert(lines.end(), more[i].lines[kind].begin(), more[i].lines[kind].end());
      std::sort(lines.begin(), lines.end());
      lines.resize(std::min(lines.size(), kLinesShown));
    }
  }
}

void check_pii(const ConvertPlan& plan, const std::vector<PiiTally>& tallies,
               std::string_view line_word) {
  for (std::size_t i = 0; i < tallies.size(); i++) {
    const ColumnSpec& column = *plan.columns[i].spec;
    const PiiTally& tally = tallies[i];
    for (std::size_t k = 0; k < kPiiKinds; k++) {
      if ((std::uint32_t{column.not_pii} >> k) & 1U) continue;
      const Pii kind = static_cast<Pii>(k);
      if (tally.hits[k] > 0) {
        std::string where =
            std::to_string(tally.hits[k]) + " rows, first " + std::string(line_word);
        for (const std::uint64_t line : tally.lines[k]) where += " " + std::to_string(line);
        refuse_pii(column, kind, where);
      }
      // By chance, one number in ten passes Luhn; a column of them does not.
      if (tally.bare[k] >= kBareLeast && tally.bare[k] * 10 >= tally.looked_at * 7) {
        refuse_pii(column, kind,
                   std::to_string(tally.bare[k]) + " of " + std::to_string(tally.looked_at) +
                       " values looked at");
      }
    }
  }
}

}  // namespace gbx::prepare
