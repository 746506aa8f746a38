#include "bench/tpch.h"

namespace gbx::bench::tpch {
namespace {

constexpr const char* kLines = "orders JOIN lineitem ON orders.orderkey = lineitem.orderkey";
constexpr const char* kCustomerLines =
    "customer JOIN orders ON customer.custkey = orders.custkey "
    "JOIN lineitem ON orders.orderkey = lineitem.orderkey";
constexpr const char* kRoomLines = "orders JOIN lineitem USING (custkey, orderkey)";
constexpr const char* kRoomCustomerLines =
    "customer JOIN orders USING (custkey) JOIN lineitem USING (custkey, orderkey)";

// One text for both sides but for FROM.
Query both(std::string name, const std::string& before, const std::string& after,
           const std::pair<std::string, std::string>& from, const std::string& check) {
  return {std::move(name), before + " FROM " + from.first + after,
          before + " FROM " + from.second + after,
          "SELECT CAST(" + check + " AS BIGINT) FROM " + from.second +
              after.substr(0, after.find(" GROUP BY"))};
}

constexpr const char* kQ1 =
    "SELECT l_returnflag, l_linestatus, SUM(l_quantity), SUM(l_extendedprice), "
    "SUM(l_extendedprice * (1 - l_discount)), "
    "SUM(l_extendedprice * (1 - l_discount) * (1 + l_tax)), AVG(l_quantity), AVG(l_extendedprice), "
    "AVG(l_discount), COUNT(*)";
constexpr const char* kQ12 =
    "SELECT l_shipmode, SUM(CASE WHEN o_orderpriority = '1-URGENT' OR o_orderpriority = '2-HIGH' "
    "THEN 1 ELSE 0 END), SUM(CASE WHEN o_orderpriority <> '1-URGENT' AND "
    "o_orderpriority <> '2-HIGH' THEN 1 ELSE 0 END)";
constexpr const char* kQ14 =
    "SELECT SUM(CASE WHEN p_type LIKE 'PROMO%' THEN l_extendedprice * (1 - l_discount) ELSE 0 "
    "END), "
    "SUM(l_extendedprice * (1 - l_discount))";

std::string q19_part(const std::string& brand, const std::string& containers,
                     const std::string& quantity, const std::string& size) {
  return "(p_brand = '" + brand + "' AND p_container IN (" + containers +
         ") AND l_quantity BETWEEN " + quantity + " AND p_size BETWEEN 1 AND " + size +
         " AND l_shipmode IN ('AIR', 'REG AIR') AND l_shipinstruct = 'DELIVER IN PERSON')";
}

}  // namespace

std::vector<Query> queries() {
  const std::pair<std::string, std::string> line = {"lineitem", "lineitem"};
  const std::string revenue = "SUM(l_extendedprice * (1 - l_discount))";
  const std::string revenue_check = "SUM(l_extendedprice * (1 - l_discount)) * 10000";
  return {
      both("Q1", kQ1,
           " WHERE l_shipdate <= DATE '1998-09-02' GROUP BY l_returnflag, l_linestatus "
           "ORDER BY l_returnflag, l_linestatus",
           line, "SUM(l_quantity) * 100"),
      both("Q3", "SELECT o_orderdate, o_shippriority, " + revenue + " AS revenue",
           " WHERE c_mktsegment = 'BUILDING' AND o_orderdate < DATE '1995-03-15' "
           "AND l_shipdate > DATE '1995-03-15' GROUP BY o_orderdate, o_shippriority "
           "ORDER BY revenue DESC, o_orderdate LIMIT 10",
           {kRoomCustomerLines, kCustomerLines}, revenue_check),
      both("Q5", "SELECT c_nation, " + revenue + " AS revenue",
           " WHERE c_nation = s_nation AND c_region = 'ASIA' AND o_orderdate >= DATE '1994-01-01' "
           "AND o_orderdate < DATE '1995-01-01' GROUP BY c_nation ORDER BY revenue DESC",
           {kRoomCustomerLines, kCustomerLines}, revenue_check),
      both("Q6", "SELECT SUM(l_extendedprice * l_discount) AS revenue",
           " WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01' "
           "AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24",
           line, "SUM(l_extendedprice * l_discount) * 10000"),
      both("Q12", kQ12,
           " WHERE l_shipmode IN ('MAIL', 'SHIP') AND l_commitdate < l_receiptdate "
           "AND l_shipdate < l_commitdate AND l_receiptdate >= DATE '1994-01-01' "
           "AND l_receiptdate < DATE '1995-01-01' GROUP BY l_shipmode ORDER BY l_shipmode",
           {kRoomLines, kLines},
           "SUM(CASE WHEN o_orderpriority IN ('1-URGENT', '2-HIGH') THEN 1 ELSE 0 END)"),
      both("Q14", kQ14, " WHERE l_shipdate >= DATE '1995-09-01' AND l_shipdate < DATE '1995-10-01'",
           line,
           "SUM(CASE WHEN p_type LIKE 'PROMO%' THEN l_extendedprice * (1 - l_discount) ELSE 0 END) "
           "* 10000"),
      both("Q19", "SELECT " + revenue + " AS revenue",
           " WHERE " +
               q19_part("Brand#12", "'SM CASE', 'SM BOX', 'SM PACK', 'SM PKG'", "1 AND 11", "5") +
               " OR " +
               q19_part("Brand#23", "'MED BAG', 'MED BOX', 'MED PKG', 'MED PACK'", "10 AND 20",
                        "10") +
               " OR " +
               q19_part("Brand#34", "'LG CASE', 'LG BOX', 'LG PACK', 'LG PKG'", "20 AND 30", "15"),
           line, revenue_check),
  };
}

}  // namespace gbx::bench::tpch
