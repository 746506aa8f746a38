#include "trusted/sql/spelling.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "trusted/sql/bind_expression.h"
#include "trusted/sql/functions.h"
#include "trusted/sql/parse.h"
#include "trusted/sql/scope.h"

namespace gbx::sql {
namespace {

constexpr std::array<std::string_view, 18> kUnits = {
    "year", "years", "quarter", "quarters", "month",   "months", "week",    "weeks",  "day",
    "days", "hour",  "hours",   "minute",   "minutes", "second", "seconds", "isodow", "doy"};

// A bare word that is a unit of time, as Snowflake and BigQuery write it.
bool is_unit(const Node& node) {
  return node.kind == NodeKind::column && node.path.size() == 1 &&
         std::any_of(kUnits.begin(), kUnits.end(),
                     [&](std::string_view unit) { return same_name(unit, node.path[0]); });
}

bool is_text(const Node& node) { return node.kind == NodeKind::text; }

bool is_whole(const Node& node) { return node.kind == NodeKind::number && node.scale == 0; }

Node call(std::string name, std::vector<Node> children, Span where) {
  Node out;
  out.kind = NodeKind::call;
  out.text = std::move(name);
  out.children = std::move(children);
  out.where = where;
  return out;
}

Node number(std::int64_t value, Span where) {
  Node out;
  out.kind = NodeKind::number;
  out.value = value;
  out.where = where;
  return out;
}

Node text_of(const Node& unit) {
  Node out;
  out.kind = NodeKind::text;
  out.text = unit.path[0];
  out.where = unit.where;
  return out;
}

std::size_t size(const Node& node) {
  std::size_t out = 1;
  for (const Node& child : node.children) out += size(child);
  return out;
}

// 'YYYY-MM' as '%Y-%m'. Letters that are no field of it become none that there is.
std::string strftime_format(std::string_view format) {
  constexpr std::array<Respelled, 16> kFields = {{{"YYYY", "%Y"},
                                                  {"MMMM", "%B"},
                                                  {"HH24", "%H"},
                                                  {"HH12", "%I"},
                                                  {"Month", "%B"},
                                                  {"MON", "%b"},
                                                  {"Mon", "%b"},
                                                  {"YY", "%y"},
                                                  {"MM", "%m"},
                                                  {"DD", "%d"},
                                                  {"DY", "%a"},
                                                  {"Dy", "%a"},
                                                  {"MI", "%M"},
                                                  {"SS", "%S"},
                                                  {"AM", "%p"},
                                                  {"PM", "%p"}}};
  std::string out;
  while (!format.empty()) {
    const auto field = std::find_if(kFields.begin(), kFields.end(), [&](const Respelled& known) {
      return format.starts_with(known.other);
    });
    const char c = format[0];
    if (field != kFields.end()) {
      out += field->ours;
      format.remove_prefix(field->other.size());
      continue;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '"';
    out += letter ? "%?" : c == '%' ? "%%" : std::string(1, c);
    format.remove_prefix(1);
  }
  return out;
}

class Respelling {
 public:
  Respelling(Node node, std::size_t& nodes) : node_(std::move(node)), nodes_(&nodes) {}

  Result<Node> run();

 private:
  Status conditional();
  void aggregates();
  void dates();
  void moved();
  void rows_in_lists();

  // `node` again.
  Node copy(const Node& node) {
    *nodes_ += size(node);
    return node;
  }
  // The call becomes one of another name.
  void become(std::string name, std::vector<Node> children) {
    node_ = call(std::move(name), std::move(children), node_.where);
  }
  [[nodiscard]] bool is(std::string_view name, std::size_t arguments) const {
    return node_.text == name && node_.children.size() == arguments;
  }
  Node when(Node condition, Node value, Node otherwise) const {
    Node out;
    out.kind = NodeKind::case_when;
    out.where = node_.where;
    out.children.push_back(std::move(condition));
    out.children.push_back(std::move(value));
    out.children.push_back(std::move(otherwise));
    return out;
  }

  Node node_;
  std::size_t* nodes_;
};

void Respelling::aggregates() {
  const std::string& name = node_.text;
  if (name == "approx_count_distinct" || name == "approx_distinct") {
    node_.text = "count";
    node_.distinct = true;
  }
}

// d + INTERVAL n UNIT from what says the same of (unit, n, d).
void Respelling::moved() {
  const bool back = node_.text == "date_sub";
  std::vector<Node>& parts = node_.children;
  if (parts.size() == 2 && parts[1].kind == NodeKind::interval) {
    return become(back ? "-" : "+", std::move(parts));
  }
  if (back || parts.size() != 3) return;
  if (!is_unit(parts[0]) && !is_text(parts[0])) return;
  if (!is_whole(parts[1])) {
    const std::string& unit = is_text(parts[0]) ? parts[0].text : parts[0].path[0];
    if (!same_name(unit, "day") && !same_name(unit, "days")) return;
    std::vector<Node> days;
    days.push_back(std::move(parts[2]));
    days.push_back(std::move(parts[1]));
    return become("+", std::move(days));
  }
  Node interval = parts[1];
  interval.kind = NodeKind::interval;
  interval.text = is_text(parts[0]) ? parts[0].text : parts[0].path[0];
  std::vector<Node> sum;
  sum.push_back(std::move(parts[2]));
  sum.push_back(std::move(interval));
  become("+", std::move(sum));
}

void Respelling::dates() {
  const std::string name = node_.text;
  std::vector<Node>& parts = node_.children;
  if (name == "date_add" || name == "date_sub") moved();
  if (name == "date_diff" && parts.size() == 2) {  // days from the second to the first
    Node day;
    day.kind = NodeKind::text;
    day.text = "day";
    day.where = node_.where;
    std::swap(parts[0], parts[1]);
    parts.insert(parts.begin(), std::move(day));
  }
  if (name == "date_diff" && parts.size() == 3 && is_unit(parts[2])) {  // (to, from, UNIT)
    std::swap(parts[0], parts[2]);
  }
  if (name == "date_trunc" && parts.size() == 2 && is_unit(parts[1])) std::swap(parts[0], parts[1]);
  const bool named =
      name == "date_diff" || name == "date_trunc" || name == "date_part" || name == "date_sub";
  if (named && node_.text == name && !parts.empty() && is_unit(parts[0])) {
    parts[0] = text_of(parts[0]);
  }
  if (name == "format_date" && parts.size() == 2) {  // the format stands first
    std::swap(parts[0], parts[1]);
    node_.text = "strftime";
  }
  if (name == "to_char" && parts.size() == 2 && is_text(parts[1])) {
    parts[1].text = strftime_format(parts[1].text);
    node_.text = "strftime";
  }
  if (name == "to_char" && parts.size() == 1) {
    Node cast;
    cast.kind = NodeKind::cast;
    cast.type = {Type::text, 0};
    cast.where = node_.where;
    cast.children = std::move(parts);
    node_ = std::move(cast);
    return;
  }
  if (name == "to_date" && parts.size() == 1) {
    Node cast;
    cast.kind = NodeKind::cast;
    cast.type = {Type::date, 0};
    cast.where = node_.where;
    cast.children = std::move(parts);
    node_ = std::move(cast);
  }
}

// What chooses.
Status Respelling::conditional() {
  std::vector<Node>& parts = node_.children;
  const Span where = node_.where;
  if (is("if", 3)) {
    node_ = when(std::move(parts[0]), std::move(parts[1]), std::move(parts[2]));
  } else if (is("nvl2", 3)) {
    std::vector<Node> tested;
    tested.push_back(std::move(parts[0]));
    node_ = when(call("is not null", std::move(tested), where), std::move(parts[1]),
                 std::move(parts[2]));
  } else if (is("zeroifnull", 1)) {
    parts.push_back(number(0, where));
    node_.text = "coalesce";
  } else if (is("nullifzero", 1)) {
    parts.push_back(number(0, where));
    node_.text = "nullif";
  } else if (is("square", 1)) {
    parts.push_back(copy(parts[0]));
    node_.text = "*";
  } else if (is("div0", 2) || is("div0null", 2)) {
    Node zero = call("=", {}, where);
    zero.children.push_back(copy(parts[1]));
    zero.children.push_back(number(0, where));
    if (node_.text == "div0null") {
      std::vector<Node> tested;
      tested.push_back(copy(parts[1]));
      std::vector<Node> either;
      either.push_back(std::move(zero));
      either.push_back(call("is null", std::move(tested), where));
      zero = call("or", std::move(either), where);
    }
    node_ = when(std::move(zero), number(0, where), call("/", std::move(parts), where));
  }
  return {};
}

// (a, b) IN ((1, 2), (3, 4)): a = 1 AND b = 2 OR a = 3 AND b = 4.
void Respelling::rows_in_lists() {
  const bool negated = node_.text == "not in";
  std::vector<Node>& parts = node_.children;
  if ((!negated && node_.text != "in") || parts.size() < 2) return;
  const auto is_row = [&](const Node& part) {
    return part.kind == NodeKind::call && part.text == "row" && part.children.size() > 1 &&
           part.children.size() == parts[0].children.size();
  };
  if (!std::all_of(parts.begin(), parts.end(), is_row)) return;
  Node any = call("or", {}, node_.where);
  for (std::size_t i = 1; i < parts.size() && *nodes_ <= kNodesMax; i++) {
    Node all = call("and", {}, parts[i].where);
    for (std::size_t c = 0; c < parts[0].children.size(); c++) {
      Node equal = call("=", {}, parts[i].children[c].where);
      equal.children.push_back(copy(parts[0].children[c]));
      equal.children.push_back(std::move(parts[i].children[c]));
      all.children.push_back(std::move(equal));
    }
    any.children.push_back(std::move(all));
  }
  if (any.children.size() == 1) any = Node(any.children[0]);
  if (!negated) {
    node_ = std::move(any);
    return;
  }
  std::vector<Node> not_any;
  not_any.push_back(std::move(any));
  become("not", std::move(not_any));
}

Result<Node> Respelling::run() {
  for (const Respelled& known : respelled()) {
    if (known.other != node_.text) continue;
    node_.text = known.ours;
    break;
  }
  aggregates();
  dates();
  GBX_TRY(conditional());
  rows_in_lists();
  if (*nodes_ > kNodesMax) {
    return Error{ErrorCode::invalid_argument, "expression_too_large", node_.where};
  }
  return std::move(node_);
}

bool reads_a_column(const Node& node) {
  return node.kind == NodeKind::column ||
         std::any_of(node.children.begin(), node.children.end(), reads_a_column);
}

bool holds_window(const Node& node) {
  return !node.over.empty() ||
         std::any_of(node.children.begin(), node.children.end(), holds_window);
}

// What the one column of a SELECT is called, and how many there are.
const SelectItem* only_item(const Select& select) {
  if (!select.united.empty()) return only_item(select.united[0]);
  if (select.set_operation) return nullptr;
  const bool one = select.items.size() == 1 && select.items[0].node.kind != NodeKind::star;
  return one ? select.items.data() : nullptr;
}

}  // namespace

Result<Node> respell(Node call, std::size_t& nodes) {
  return Respelling(std::move(call), nodes).run();
}

std::optional<Node> within_group(Node call, const OrderItem& order) {
  const bool quantile = call.text == "quantile_cont" || call.text == "quantile_disc";
  if (!quantile || call.children.size() != 1) return std::nullopt;
  Node& fraction = call.children[0];
  if (order.descending && fraction.kind == NodeKind::number && fraction.scale <= kScaleMax) {
    std::int64_t one = 1;
    for (int i = 0; i < fraction.scale; i++) one *= 10;
    if (fraction.value >= 0 && fraction.value <= one) fraction.value = one - fraction.value;
  }
  call.children.insert(call.children.begin(), order.node);
  return call;
}

std::optional<Node> exponent_number(std::string_view written) {
  const bool negative = written.starts_with('-');
  if (negative) written.remove_prefix(1);
  const std::size_t e = written.find_first_of("eE");
  if (e == std::string_view::npos) return std::nullopt;
  std::string digits;
  int scale = 0;
  bool point = false;
  for (const char c : written.substr(0, e)) {
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9' && digits.size() < 18) {
      digits.push_back(c);
      scale += point ? 1 : 0;
    } else {
      return std::nullopt;
    }
  }
  std::string_view power = written.substr(e + 1);
  if (power.starts_with('+')) power.remove_prefix(1);
  int exponent = 0;
  const auto read = std::from_chars(power.data(), power.data() + power.size(), exponent);
  const bool whole = read.ec == std::errc() && read.ptr == power.data() + power.size();
  if (digits.empty() || !whole || exponent < -30 || exponent > 18) return std::nullopt;
  Node out;
  out.kind = NodeKind::number;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), out.value);
  if (parsed.ec != std::errc()) return std::nullopt;
  for (scale -= exponent; scale < 0; scale++) {
    if (__builtin_mul_overflow(out.value, std::int64_t{10}, &out.value)) return std::nullopt;
  }
  for (; scale > 0 && out.value % 10 == 0; scale--) out.value /= 10;
  if (scale > kScaleMax) return std::nullopt;
  out.scale = static_cast<std::uint8_t>(scale);
  if (negative) out.value = -out.value;
  return out;
}

std::vector<Node> groups_of_all(const std::vector<SelectItem>& items) {
  std::vector<Node> out;
  for (const SelectItem& item : items) {
    const bool group =
        reads_a_column(item.node) && !contains_aggregate(item.node) && !holds_window(item.node);
    if (group) out.push_back(item.node);
  }
  return out;
}

Result<Select> set_operation(Select a, Select b, bool negated) {
  const SelectItem* item = only_item(a);
  const Error refused{ErrorCode::invalid_argument, "set_operation_unsupported",
                      item == nullptr ? Span{} : item->node.where};
  if (item == nullptr || only_item(b) == nullptr) return refused;
  Node column;
  column.kind = NodeKind::column;
  column.where = item->node.where;
  const bool named = item->alias.empty() && item->node.kind == NodeKind::column;
  column.path = {named ? item->node.path.back() : item->alias};
  if (column.path[0].empty()) return refused;
  TableName left;
  left.alias = "left";
  left.columns = column.path;
  left.where = column.where;
  left.select.push_back(std::move(a));
  Node among;
  among.kind = NodeKind::in_select;
  among.where = column.where;
  among.children.push_back(column);
  among.select.push_back(std::move(b));
  Select out;
  out.set_operation = true;
  out.distinct = true;
  out.items.push_back({column, ""});
  out.tables.push_back(std::move(left));
  out.filter = negated ? call("not", {}, column.where) : among;
  if (negated) out.filter->children.push_back(std::move(among));
  return out;
}

}  // namespace gbx::sql
