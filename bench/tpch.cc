#include "bench/tpch.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "engine/duckdb/load.h"
#include "trusted/policy/policy_fixture.h"

namespace gbx::bench::tpch {
namespace {

constexpr ValueType kText{Type::text, 0};
constexpr ValueType kInteger{Type::integer, 0};
constexpr ValueType kMoney{Type::decimal, 2};
constexpr ValueType kDate{Type::date, 0};
constexpr std::uint64_t kOrdersMax = 29;  // of a customer who has any; 15 on average
constexpr std::uint64_t kOrderPlaces = 32;
constexpr std::uint64_t kKeyFactor = 2'654'435'761U;
constexpr std::int64_t kFirstDay = 8035;  // 1992-01-01
constexpr std::uint64_t kOrderDays = 2406;
constexpr std::int64_t kLastDay = 10'561;  // 1998-12-01
constexpr std::int64_t kToday = 9298;      // 1995-06-17: before it lines are shipped and finished
constexpr std::size_t kPersonRows = 256;

std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// Numbers of one row, one after the other.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(mix(seed)) {}
  std::int64_t below(std::uint64_t bound) {
    state_ = mix(state_);
    return static_cast<std::int64_t>((state_ >> 32) * bound >> 32);
  }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + below(static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::uint64_t state_;
};

// Every combination of a word of each list, ascending.
std::vector<std::string> phrases(const std::vector<std::vector<std::string>>& words) {
  std::vector<std::string> out = {""};
  for (const std::vector<std::string>& list : words) {
    std::vector<std::string> longer;
    for (const std::string& begin : out) {
      for (const std::string& word : list)
        longer.push_back(begin + (begin.empty() ? "" : " ") + word);
    }
    out = std::move(longer);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> brands() {
  std::vector<std::string> out;
  for (int i = 1; i <= 5; i++) {
    for (int j = 1; j <= 5; j++) out.push_back("Brand#" + std::to_string(i) + std::to_string(j));
  }
  return out;
}

const std::vector<std::string>& nations() {
  static const std::vector<std::string> all = {
      "ALGERIA",   "ARGENTINA",    "BRAZIL",         "CANADA",        "CHINA",
      "EGYPT",     "ETHIOPIA",     "FRANCE",         "GERMANY",       "INDIA",
      "INDONESIA", "IRAN",         "IRAQ",           "JAPAN",         "JORDAN",
      "KENYA",     "MOROCCO",      "MOZAMBIQUE",     "PERU",          "ROMANIA",
      "RUSSIA",    "SAUDI ARABIA", "UNITED KINGDOM", "UNITED STATES", "VIETNAM"};
  return all;
}

// Of nations(): place in {AFRICA, AMERICA, ASIA, EUROPE, MIDDLE EAST}.
constexpr std::array<std::int64_t, 25> kRegions = {0, 1, 1, 1, 2, 4, 0, 3, 3, 2, 2, 4, 4,
                                                   2, 4, 0, 0, 0, 1, 3, 3, 4, 3, 1, 2};

std::int64_t key_space(std::uint64_t customers) {
  std::int64_t out = 1;
  while (out < static_cast<std::int64_t>(customers * kOrderPlaces)) out *= 2;
  return out;
}

// Different for each order, and in no order of customers.
std::int64_t order_key(std::uint64_t customer, std::uint64_t order, std::uint64_t customers) {
  const auto mask = static_cast<std::uint64_t>(key_space(customers)) - 1;
  return static_cast<std::int64_t>(((customer * kOrderPlaces + order) * kKeyFactor) & mask);
}

std::uint64_t orders_of(std::uint64_t customer) {
  return customer % 3 == 2 ? 0 : 1 + mix(customer) % kOrdersMax;
}

std::int64_t order_day(std::uint64_t customer, std::uint64_t order) {
  return kFirstDay + Random(customer * 64 + order).below(kOrderDays);
}

void customer_row(std::uint64_t customer, const Take& take) {
  Random random(customer * 64 + 63);
  const std::int64_t nation = random.below(25);
  take(std::array{random.below(5), nation, kRegions[static_cast<std::size_t>(nation)],
                  random.between(-99'999, 999'999)});
}

struct Order {
  std::uint64_t customer;
  std::uint64_t order;
  std::int64_t key;
};

void order_row(const Order& of, const Take& take) {
  Random random(of.customer * 64 + of.order + (std::uint64_t{1} << 40));
  take(std::array{of.key, order_day(of.customer, of.order), random.below(5), std::int64_t{0}});
}

void line_rows(const Order& of, const Take& take) {
  Random random(of.customer * 64 + of.order + (std::uint64_t{1} << 41));
  const std::int64_t day = order_day(of.customer, of.order);
  for (std::int64_t left = 1 + random.below(7); left > 0; left--) {
    const std::int64_t quantity = random.between(1, 50);
    const std::int64_t shipped = day + random.between(1, 121);
    const std::int64_t committed = day + random.between(30, 90);
    const std::int64_t received = shipped + random.between(1, 30);
    const std::int64_t returned = received > kToday ? 1 : 2 * random.below(2);
    take(std::array{of.key, quantity * 100, quantity * random.between(90'000, 209'900),
                    random.below(11), random.below(9), returned,
                    std::int64_t{shipped <= kToday ? 0 : 1}, shipped, committed, received,
                    random.below(7), random.below(4), random.below(150), random.below(25),
                    random.below(40), random.between(1, 50), random.below(25)});
  }
}

void rows_of_order(Name name, const Order& of, const Take& take) {
  name == Name::orders ? order_row(of, take) : line_rows(of, take);
}

// Every order in the order of keys: the multiplication of order_key() turned round.
void each_order(std::uint64_t customers, const std::function<void(const Order&)>& take) {
  const auto keys = static_cast<std::uint64_t>(key_space(customers));
  std::uint64_t inverse = kKeyFactor;
  for (int i = 0; i < 6; i++) inverse *= 2 - kKeyFactor * inverse;
  for (std::uint64_t key = 0; key < keys; key++) {
    const std::uint64_t place = (key * inverse) & (keys - 1);
    const Order of{place / kOrderPlaces, place % kOrderPlaces, static_cast<std::int64_t>(key)};
    if (of.customer < customers && of.order < orders_of(of.customer)) take(of);
  }
}

Column number(std::string name, ValueType type, std::int64_t low, std::int64_t high) {
  return {std::move(name), type, low, high};
}
Column text(std::string name, std::vector<std::string> texts) {
  return {std::move(name), kText, 0, static_cast<std::int64_t>(texts.size()) - 1, std::move(texts)};
}
Column day(std::string name) { return number(std::move(name), kDate, kFirstDay, kLastDay + 60); }

std::vector<Column> line_columns(std::int64_t keys) {
  return {
      number("orderkey", kInteger, 0, keys - 1),
      number("l_quantity", kMoney, 100, 5000),
      number("l_extendedprice", kMoney, 90'000, 10'495'000),
      number("l_discount", kMoney, 0, 10),
      number("l_tax", kMoney, 0, 8),
      text("l_returnflag", {"A", "N", "R"}),
      text("l_linestatus", {"F", "O"}),
      day("l_shipdate"),
      day("l_commitdate"),
      day("l_receiptdate"),
      text("l_shipmode", {"AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"}),
      text("l_shipinstruct", {"COLLECT COD", "DELIVER IN PERSON", "NONE", "TAKE BACK RETURN"}),
      text("p_type", phrases({{"ECONOMY", "LARGE", "MEDIUM", "PROMO", "SMALL", "STANDARD"},
                              {"ANODIZED", "BRUSHED", "BURNISHED", "PLATED", "POLISHED"},
                              {"BRASS", "COPPER", "NICKEL", "STEEL", "TIN"}})),
      text("p_brand", brands()),
      text("p_container", phrases({{"JUMBO", "LG", "MED", "SM", "WRAP"},
                                   {"BAG", "BOX", "CAN", "CASE", "DRUM", "JAR", "PACK", "PKG"}})),
      number("p_size", kInteger, 1, 50),
      text("s_nation", nations())};
}

std::string sql_of(const Column& column) {
  switch (column.type.type) {
    case Type::text: {
      std::string list;
      for (const std::string& one : column.texts) list += (list.empty() ? "'" : ", '") + one + "'";
      return "([" + list + "])[" + column.name + " + 1]";
    }
    case Type::decimal: return "CAST(" + column.name + " / 100.0 AS DECIMAL(15,2))";
    case Type::date: return "DATE '1970-01-01' + CAST(" + column.name + " AS INTEGER)";
    case Type::boolean:
    case Type::timestamp:
    case Type::integer: return column.name;
  }
  return "";
}

policy::Column policy_column(const Column& column) {
  policy::Column out;
  out.name = column.name;
  out.type = column.type;
  out.bounded = column.type.type != Type::text;
  out.low = out.bounded ? column.low : 0;
  out.high = out.bounded ? column.high : 0;
  return out;
}

policy::Table policy_table(const Table& table) {
  policy::Table out;
  out.name = table.text;
  out.owner = table.name == Name::lineitem ? "newsnow" : "shopgood";
  out.person = "custkey";
  out.identifier = "email";
  constexpr std::array<std::uint32_t, 3> kMost = {1, kOrdersMax, kPersonRows};
  out.rows_per_person = kMost[static_cast<std::size_t>(table.name)];
  policy::Column person;
  person.name = "custkey";
  person.type = kText;
  person.label = Label::person;
  out.columns = {person};
  policy::AggregateColumns sums{{}, policy::AggregateFunction::sum};
  for (const Column& column : table.columns) {
    out.columns.push_back(policy_column(column));
    (column.type == kMoney ? sums.columns : out.rule.dimension_columns).push_back(column.name);
  }
  std::sort(out.rule.dimension_columns.begin(), out.rule.dimension_columns.end());
  std::sort(sums.columns.begin(), sums.columns.end());
  policy::AggregateColumns averages = sums;
  averages.function = policy::AggregateFunction::avg;
  out.rule.aggregate_columns = {{{"custkey"}, policy::AggregateFunction::count_distinct}};
  if (!sums.columns.empty()) {
    out.rule.aggregate_columns.push_back(sums);
    out.rule.aggregate_columns.push_back(averages);
  }
  out.rule.join_columns = {"custkey"};
  out.rule.scalar_functions = {"CASE"};
  return out;
}

// A table of DuckDB, filled a slice at a time: the rows as numbers, then what they stand for.
class Loading {
 public:
  Loading(engine::Database& database, const Table& table, bool compressed)
      : database_(database), table_(table), compressed_(compressed) {
    for (const Column& column : table.columns) {
      raw_ += ", " + column.name + " BIGINT";
      values_ += ", " + sql_of(column) + " AS " + column.name;
    }
  }

  void add(std::uint64_t customer, std::span<const std::int64_t> row) {
    if (rows_ == 0) begin_slice();
    appender_->set_number(0, static_cast<std::int64_t>(customer));
    for (std::size_t i = 0; i < row.size(); i++) appender_->set_number(i + 1, row[i]);
    GBX_CHECK(appender_->next_row());
    if (++rows_ == kSliceRows) end_slice();
  }
  void finish() {
    if (rows_ > 0) end_slice();
  }

 private:
  static constexpr std::size_t kSliceRows = std::size_t{1} << 21;

  void begin_slice() {
    GBX_CHECK(database_.execute("CREATE TABLE raw (custkey BIGINT" + raw_ + ")"));
    auto made = engine::RowAppender::create(
        database_, "raw", std::vector<duckdb_type>(table_.columns.size() + 1, DUCKDB_TYPE_BIGINT));
    GBX_CHECK(made.has_value());
    appender_ = std::move(*made);
  }
  void end_slice() {
    GBX_CHECK(appender_->finish());
    appender_.reset();
    const std::string before =
        slices_ == 0 ? "CREATE TABLE " + table_.text + " AS " : "INSERT INTO " + table_.text + " ";
    GBX_CHECK(database_.execute(before + "SELECT custkey" + values_ + " FROM raw"));
    GBX_CHECK(database_.execute("DROP TABLE raw"));
    if (compressed_) GBX_CHECK(database_.execute("FORCE CHECKPOINT"));
    rows_ = 0;
    slices_++;
  }

  engine::Database& database_;
  Table table_;
  bool compressed_;
  std::string raw_;
  std::string values_;
  std::unique_ptr<engine::RowAppender> appender_;
  std::size_t rows_ = 0;  // of the slice
  std::size_t slices_ = 0;
};

}  // namespace

Table table_of(Name name, std::uint64_t customers) {
  const std::int64_t keys = key_space(customers);
  switch (name) {
    case Name::customer:
      return {
          name,
          "customer",
          {text("c_mktsegment", {"AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY"}),
           text("c_nation", nations()),
           text("c_region", {"AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"}),
           number("c_acctbal", kMoney, -99'999, 999'999)}};
    case Name::orders:
      return {
          name,
          "orders",
          {number("orderkey", kInteger, 0, keys - 1), day("o_orderdate"),
           text("o_orderpriority", {"1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"}),
           number("o_shippriority", kInteger, 0, 0)}};
    case Name::lineitem: return {name, "lineitem", line_columns(keys)};
  }
  return {};
}

void each_row(Name name, std::uint64_t customer, std::uint64_t customers, const Take& take) {
  if (name == Name::customer) return customer_row(customer, take);
  for (std::uint64_t order = 0; order < orders_of(customer); order++) {
    rows_of_order(name, {customer, order, order_key(customer, order, customers)}, take);
  }
}

void load(engine::Database& database, std::uint64_t customers, bool compressed) {
  if (compressed) {
    GBX_CHECK(database.execute("ATTACH ':memory:' AS small (COMPRESS)"));
    GBX_CHECK(database.execute("USE small"));
  }
  for (const Name name : {Name::customer, Name::orders, Name::lineitem}) {
    Loading loading(database, table_of(name, customers), compressed);
    std::uint64_t who = 0;
    const Take take = [&](std::span<const std::int64_t> row) { loading.add(who, row); };
    if (name == Name::customer) {
      for (; who < customers; who++) customer_row(who, take);
    } else {
      each_order(customers, [&](const Order& of) {
        who = of.customer;
        rows_of_order(name, of, take);
      });
    }
    loading.finish();
  }
}

policy::VerifiedPolicy policy(std::uint64_t customers) {
  policy::Policy out = policy::example_policy();
  out.members = {policy::test_member("newsnow", 2, {true, true, true, false}),
                 policy::test_member("shopgood", 1, {true, true, true, false})};
  out.tables.clear();
  for (const Name name : {Name::customer, Name::lineitem, Name::orders}) {
    out.tables.push_back(policy_table(table_of(name, customers)));
  }
  // Sums over every line that a person could have, in every group: only much loss buys them all.
  out.privacy.accounting = privacy::Accounting::zcdp;
  out.privacy.gaussian = true;
  out.privacy.epsilon = policy::kEpsilonMax;
  out.privacy.epsilon_per_query = 10'000'000;
  out.privacy.groups_per_person = kOrdersMax;
  out.privacy.rows_per_group = kPersonRows;
  packet::Envelope envelope = packet::make_envelope(policy::kPolicyType, policy::encode(out));
  for (const std::uint8_t who : {std::uint8_t{1}, std::uint8_t{2}}) {
    packet::sign(envelope, policy::test_signing_key(who));
  }
  auto verified = policy::VerifiedPolicy::verify(envelope);
  if (!verified) std::fprintf(stderr, "%s\n", std::string(verified.error().reason.view()).c_str());
  GBX_CHECK(verified.has_value());
  return std::move(verified).value();
}

}  // namespace gbx::bench::tpch
