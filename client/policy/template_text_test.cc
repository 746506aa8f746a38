#include "client/policy/template_text.h"

#include <gtest/gtest.h>

#include "client/policy/collaboration.h"
#include "client/policy/mistake.h"

// From the YAML of a template to a call of it, with the mistakes that people make on both ways.

namespace gbx::client {
namespace {

class NoEntropy final : public Entropy {
 public:
  Status fill(std::span<std::uint8_t>) noexcept override {
    return Error{ErrorCode::unavailable, "entropy_failed"};
  }
};

constexpr const char* kFile =
    R"(collaboration: {id: 00000000000000000000000000000000, name: Autumn, expires: 2035-12-31}
members:
  - {identity: shop.id, abilities: [provide]}
  - {identity: news.id, abilities: [query, receive]}
tables:
  purchases:
    owner: shop
    columns:
      hashed_email: {label: person, identifier: email}
      total_spent: {type: decimal, scale: 2, label: sensitive, bounds: [0, 500]}
    rule:
      aggregation:
        aggregateColumns: [{columnNames: [hashed_email], function: COUNT_DISTINCT}]
privacy:
  k: 50
  dp: {epsilon: "3", delta: "1e-6", epsilon_per_query: "0.1"}
trust: {min_assurance: INSECURE-SIM, sim: {images: [IMAGE]}}
templates:
  spenders:
    version: 3
    sql: |
      SELECT COUNT(DISTINCT hashed_email) AS people
      FROM purchases WHERE total_spent >= $least AND 'x' <> $shop
    parameters:
      - {name: shop, type: text, allowed: [west, east, "it's"], default: east}
      - {name: least, type: decimal, scale: 2, range: [0, 400.5]}
APPROVED)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

policy::Template build(const std::string& text) {
  NoEntropy entropy;
  BuildOptions options;
  options.rehearsal = true;
  return parse_collaboration(replaced(text, "APPROVED", ""), "c.yaml", options, entropy)
      .templates.at(0);
}

// "why; next" of what `run` throws.
template <typename Run>
std::string mistake_of(Run run) {
  try {
    run();
  } catch (const Mistake& mistake) {
    return mistake.why() + "; " + mistake.next();
  }
  return "no mistake";
}

std::string building(const std::string& from, const std::string& to) {
  return mistake_of([&] { build(replaced(kFile, from, to)); });
}

std::string calling(const std::vector<std::string>& settings) {
  return mistake_of([&] { call_template(build(kFile), settings); });
}

TEST(TemplateFile, IsReadAsItWillBeSigned) {
  const policy::Template entry = build(kFile);
  EXPECT_EQ(entry.name, "spenders");
  EXPECT_EQ(entry.version, 3u);
  EXPECT_EQ(entry.sql,
            "SELECT COUNT(DISTINCT hashed_email) AS people\n"
            "FROM purchases WHERE total_spent >= $least AND 'x' <> $shop");
  ASSERT_EQ(entry.parameters.size(), 2u);  // by name
  EXPECT_EQ(entry.parameters[0].range->high, 40'050);
  EXPECT_EQ(entry.parameters[1].allowed,
            (std::vector<Cell>{std::string("east"), std::string("it's"), std::string("west")}));
  EXPECT_EQ(approvals_text(entry), "nobody");
}

TEST(TemplateFile, AnApprovalIsOfTheTextThatStandsThere) {
  const std::string digest = to_hex(policy::template_digest(build(kFile)));
  const auto approved = [&](const std::string& what) {
    NoEntropy entropy;
    BuildOptions options;
    options.rehearsal = true;
    return parse_collaboration(replaced(kFile, "APPROVED", "    approved_by: " + what + "\n"),
                               "c.yaml", options, entropy)
        .templates.at(0);
  };
  EXPECT_EQ(approvals_text(approved("{shop: " + digest + "}")), "shop");
  EXPECT_EQ(
      mistake_of([&] { approved("{shop: " + std::string(64, '0') + "}"); }),
      "this approves another spenders, not the one that stands here; ask the owner to read it "
      "again and to approve " +
          digest);
  EXPECT_EQ(mistake_of([&] { approved("{shop: yes}"); }),
            "this is no digest; the digest of spenders is " + digest);
  EXPECT_EQ(
      mistake_of([&] { approved("[shop]"); }),
      "approved_by says who approves which text; write approved_by: {MEMBER: " + digest + "}");
  EXPECT_EQ(mistake_of([&] { approved("{shopp: " + digest + "}"); }),
            "\"shopp\" is no member; name a member");
}

TEST(TemplateFile, MistakesAreTold) {
  EXPECT_EQ(building("version: 3", "version: 0").substr(0, 7), "version");
  EXPECT_EQ(building("    version: 3\n", "").find("no mistake"), std::string::npos);
  EXPECT_EQ(building("type: text, ", "type: words, "),
            "\"words\" is no type; types are boolean, integer, decimal, date, timestamp, text");
  EXPECT_EQ(building("range: [0, 400.5]", "range: [0, lots]"),
            "\"lots\" is no decimal; write a value of the parameter's type; dates as YYYY-MM-DD");
  EXPECT_EQ(building("range: [0, 400.5]", "range: [0]"), "a range is two values; [LOW, HIGH]");
  EXPECT_NE(building("range: [0, 400.5]", "range: [9, 1]").find("upside down"), std::string::npos);
  EXPECT_NE(building(", range: [0, 400.5]", "").find("neither allowed values nor a range"),
            std::string::npos);
  EXPECT_EQ(building("allowed: [west, east, \"it's\"]", "range: [a, b]"),
            "text has no range; write allowed: [...]");
  EXPECT_NE(building("default: east", "default: north").find("default"), std::string::npos);
  EXPECT_NE(building("default: east", "hint: east").find("hint"), std::string::npos);
  EXPECT_EQ(building("    sql: |", "    file: nowhere.sql\n    sql: |"),
            "a template has its SQL here or in a file; write sql: |, or file: FILE.sql");
  EXPECT_NE(building("  spenders:", "  Spenders:").find("name of a template"), std::string::npos);
}

TEST(TemplateCall, HasEveryValueInItsOneSpelling) {
  const policy::Template entry = build(kFile);
  const packet::TemplateCall call = call_template(entry, {"least=12.5"});
  EXPECT_EQ(call.name, "spenders");
  EXPECT_EQ(call.version, 3u);
  EXPECT_EQ(call.digest, policy::template_digest(entry));
  EXPECT_EQ(call.arguments, (std::vector<packet::Argument>{{"least", "12.50"}, {"shop", "east"}}));
  EXPECT_EQ(call_template(entry, {"shop=it's", "least=0"}).arguments[1].value, "it's");
  EXPECT_EQ(call_text(call), "spenders, version 3, digest " + to_hex(call.digest).substr(0, 16) +
                                 ": least = 12.50, shop = east");
}

TEST(TemplateCall, MistakesNameParameterTypeAndWhatIsAllowed) {
  const std::string least = "least is decimal with 2 digits after the point from 0.00 to 400.50";
  EXPECT_EQ(calling({}), "least has no value; add --set least=VALUE: " + least);
  EXPECT_EQ(calling({"least=much"}),
            "\"much\" is no decimal with 2 digits after the point, and least is one; " + least);
  EXPECT_EQ(calling({"least=0.001"}),
            "\"0.001\" is no decimal with 2 digits after the point, and least is one; " + least);
  EXPECT_EQ(calling({"least=400.51"}), "400.51 is outside of the range of least; " + least);
  EXPECT_EQ(calling({"least=1", "shop=north"}),
            "\"north\" is not among the allowed values of shop; shop is text, one of \"east\", "
            "\"it's\", \"west\" (default \"east\")");
  EXPECT_EQ(calling({"least=1", "shop=east' OR 'a'='a"}).substr(0, 24),
            "\"east' OR 'a'='a\" is not");
  EXPECT_EQ(calling({"leats=1"}),
            "it has no parameter \"leats\"; its parameters are least, shop; did you mean least?");
  EXPECT_EQ(calling({"least=1", "least=2"}), "least is set twice; set it once");
  EXPECT_EQ(calling({"least"}), "\"least\" sets nothing; write --set NAME=VALUE");
}

TEST(TemplateCall, ANameThatIsNotThereIsToldWithTheNearest) {
  policy::Policy policy;
  EXPECT_EQ(mistake_of([&] { find_template(policy, "x"); }),
            "the policy has no templates; see docs/reference/templates.md");
  policy.templates = {build(kFile)};
  EXPECT_EQ(mistake_of([&] { find_template(policy, "spender"); }),
            "the policy's are spenders; did you mean spenders?");
}

}  // namespace
}  // namespace gbx::client
