#include "trusted/policy/template.h"

#include <gtest/gtest.h>

#include "trusted/policy/policy_fixture.h"

namespace gbx::policy {
namespace {

Parameter integers(std::int64_t low, std::int64_t high) {
  Parameter out{.name = "least", .type = {Type::integer, 0}};
  out.range = {low, high};
  return out;
}

Parameter texts(std::vector<std::string> values) {
  Parameter out{.name = "store", .type = {Type::text, 0}};
  for (std::string& value : values) out.allowed.emplace_back(std::move(value));
  return out;
}

Template example() {
  Template out;
  out.name = "overlap";
  out.version = 3;
  out.sql = "SELECT COUNT(*) FROM purchases\nWHERE items >= $least AND store = $store";
  out.parameters = {integers(1, 9), texts({"north", "south"})};
  out.approved_by = {{"newsnow", template_digest(out)}, {"shopgood", template_digest(out)}};
  return out;
}

std::string verdict(const Parameter& parameter) {
  const Status status = check_parameter(parameter);
  return status ? "ok" : std::string(status.error().reason.view());
}

// Approved anew, so that only what the test spoiled is wrong.
std::string verdict(Template entry) {
  for (Approval& approval : entry.approved_by) approval.digest = template_digest(entry);
  const Status status = check_template(entry);
  return status ? "ok" : std::string(status.error().reason.view());
}

packet::TemplateCall call_of(const Template& entry, std::vector<packet::Argument> arguments) {
  return {entry.name, entry.version, template_digest(entry), std::move(arguments)};
}

std::string used(const packet::TemplateCall& call) {
  const std::vector<Template> templates = {example()};
  const auto use = TemplateUse::make(templates, call);
  return use ? "ok" : std::string(use.error().reason.view());
}

std::string asked(std::vector<packet::Argument> arguments) {
  return used(call_of(example(), std::move(arguments)));
}

Policy with_templates(std::vector<Template> templates) {
  Policy out = example_policy();
  out.templates = std::move(templates);
  return out;
}

TEST(Template, OneThatIsRightPassesAndIsTheSameAgain) {
  EXPECT_EQ(verdict(example()), "ok");
  const Json json = encode(with_templates({example()}));
  const auto decoded = decode(json);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(encode(*decoded).canonical(), json.canonical());
  EXPECT_EQ(template_digest(decoded->templates[0]), template_digest(example()));
}

TEST(Template, APolicyWithoutTemplatesHasNoSuchMember) {
  EXPECT_EQ(encode(example_policy()).find("templates"), nullptr);
  const Json empty = with(encode(example_policy()), "templates", Json(Json::Array()));
  EXPECT_EQ(decode(empty).error().reason.view(), "policy_malformed");
}

TEST(Template, TheDigestIsOfAllButTheApprovals) {
  const Hash digest = template_digest(example());
  Template entry = example();
  entry.approved_by.clear();
  EXPECT_EQ(template_digest(entry), digest);
  entry = example();
  entry.version++;
  EXPECT_NE(template_digest(entry), digest);
  entry = example();
  entry.name = "other";
  EXPECT_NE(template_digest(entry), digest);
  entry = example();
  entry.sql += " ";
  EXPECT_NE(template_digest(entry), digest);
  entry = example();
  entry.parameters[0].range->high++;
  EXPECT_NE(template_digest(entry), digest);
  entry = example();
  entry.parameters[1].fallback = std::string("north");
  EXPECT_NE(template_digest(entry), digest);
}

TEST(Template, NamesVersionsAndSqlThatCannotBe) {
  Template entry = example();
  entry.name = "";
  EXPECT_EQ(verdict(entry), "policy_template_name");
  entry.name = "Overlap";
  EXPECT_EQ(verdict(entry), "policy_template_name");
  entry.name = std::string(64, 'a');
  EXPECT_EQ(verdict(entry), "policy_template_name");
  entry = example();
  entry.version = 0;
  EXPECT_EQ(verdict(entry), "policy_template_version");
  entry = example();
  entry.sql = "";
  EXPECT_EQ(verdict(entry), "policy_template_sql");
  entry.sql = std::string(kTemplateSqlBytesMax + 1, ' ');
  EXPECT_EQ(verdict(entry), "policy_template_sql");
  entry.sql = "SELECT 1\r-- hidden from whoever reads it";
  EXPECT_EQ(verdict(entry), "policy_template_sql");
}

TEST(Template, ApprovalsAreOfThisDigest) {
  Template entry = example();
  entry.approved_by[1].digest[0] ^= 1;
  EXPECT_EQ(check_template(entry).error().reason.view(), "policy_approval_stale");
  entry = example();
  entry.sql += " AND TRUE";  // changed after it was approved
  EXPECT_EQ(check_template(entry).error().reason.view(), "policy_approval_stale");
  entry = example();
  std::swap(entry.approved_by[0], entry.approved_by[1]);
  EXPECT_EQ(verdict(entry), "policy_approvals_order");
  entry = example();
  entry.approved_by[0].member = "nobody";
  EXPECT_EQ(check(with_templates({entry})).error().reason.view(), "policy_approval_unknown");
}

TEST(Template, TemplatesAreAscendingAndEachOnce) {
  Template second = example();
  second.name = "reach";
  second.approved_by.clear();
  EXPECT_TRUE(check(with_templates({example(), second})));
  EXPECT_EQ(check(with_templates({second, example()})).error().reason.view(),
            "policy_templates_order");
  EXPECT_EQ(check(with_templates({example(), example()})).error().reason.view(),
            "policy_templates_order");
  const std::vector<Template> many(kTemplatesMax + 1, example());
  EXPECT_EQ(check(with_templates(many)).error().reason.view(), "policy_templates_count");
}

TEST(Template, ParametersHaveNamesTypesAndLimits) {
  Template entry = example();
  entry.parameters[0].name = "Least";
  EXPECT_EQ(verdict(entry), "policy_parameter_name");
  entry = example();
  entry.parameters[0].name = "1st";
  EXPECT_EQ(verdict(entry), "policy_parameter_name");
  entry = example();
  entry.parameters[1].name = "least";
  EXPECT_EQ(verdict(entry), "policy_parameters_order");
  entry = example();
  entry.parameters[0].type = {Type::decimal, 0};
  EXPECT_EQ(verdict(entry.parameters[0]), "policy_parameter_type");
  entry.parameters[0].type = {Type::integer, 2};
  EXPECT_EQ(verdict(entry.parameters[0]), "policy_parameter_type");
  entry = example();
  entry.parameters[0].range.reset();
  EXPECT_EQ(verdict(entry), "policy_parameter_unbounded");
  entry.parameters[0] = integers(1, 9);
  entry.parameters[0].allowed = {std::int64_t{1}};
  EXPECT_EQ(verdict(entry), "policy_parameter_unbounded");
  entry.parameters[0] = integers(9, 1);
  EXPECT_EQ(verdict(entry), "policy_parameter_range");
  Parameter ranged = texts({});
  ranged.range = {0, 1};
  EXPECT_EQ(verdict(ranged), "policy_parameter_range");
  const Parameter flag{
      .name = "x", .type = {Type::boolean, 0}, .allowed = {std::int64_t{0}, std::int64_t{2}}};
  EXPECT_EQ(verdict(flag), "policy_parameter_allowed");
}

TEST(Template, WhoApprovesSeesTheSqlAsItIs) {
  Template entry = example();
  entry.sql = "SELECT COUNT(*) FROM purchases /*\xE2\x80\xAE*/";
  EXPECT_EQ(verdict(entry), "policy_template_sql");
  entry.sql =
      "SELECT COUNT(*)\n\xC2\x9B"
      "2J FROM purchases";
  EXPECT_EQ(verdict(entry), "policy_template_sql");
}

TEST(Template, AllowedValuesAreAscendingPrintableAndOfTheType) {
  Template entry = example();
  entry.parameters[1] = texts({"south", "north"});
  EXPECT_EQ(verdict(entry), "policy_parameter_allowed");
  entry.parameters[1] = texts({"north", "north"});
  EXPECT_EQ(verdict(entry), "policy_parameter_allowed");
  entry.parameters[1] = texts({"a\nb"});
  EXPECT_EQ(verdict(entry), "policy_parameter_allowed");
  entry.parameters[1] =
      texts({"a\xE2\x80\xAE"
             "b"});
  EXPECT_EQ(verdict(entry), "policy_parameter_allowed");
  entry.parameters[1] = texts({std::string(packet::kArgumentBytesMax + 1, 'a')});
  EXPECT_EQ(verdict(entry), "policy_parameter_allowed");
  Parameter number = texts({});
  number.allowed.assign(1, std::int64_t{1});
  EXPECT_EQ(verdict(number), "policy_parameter_allowed");
  entry = example();
  entry.parameters[0].fallback = std::int64_t{10};
  EXPECT_EQ(verdict(entry), "policy_parameter_default");
  Parameter defaulted = integers(1, 9);
  defaulted.fallback = std::string("5");
  EXPECT_EQ(verdict(defaulted), "policy_parameter_default");
  entry.parameters[0].fallback = std::int64_t{9};
  EXPECT_EQ(verdict(entry), "ok");
}

TEST(Template, PacketsOfParametersThatCannotBe) {
  const Json json = encode(with_templates({example()}));
  const auto reason = [&](std::string_view path, const Json& value) {
    const auto decoded = decode(with(json, path, value));
    return decoded ? "ok" : std::string(decoded.error().reason.view());
  };
  const std::string first = "templates/0/parameters/0/";
  EXPECT_EQ(reason(first + "type", "float"), "policy_parameter_type");
  EXPECT_EQ(reason(first + "scale", 2), "policy_parameter_type");
  EXPECT_EQ(reason(first + "range", Json(Json::Array{"1"})), "policy_malformed");
  EXPECT_EQ(reason(first + "range", Json(Json::Array{"01", "9"})), "policy_parameter_value");
  EXPECT_EQ(reason(first + "range", Json(Json::Array{1, 9})), "policy_malformed");
  EXPECT_EQ(reason(first + "range", Json()), "policy_parameter_unbounded");
  EXPECT_EQ(reason(first + "allowed", Json(Json::Array{"1"})), "policy_parameter_unbounded");
  EXPECT_EQ(reason("templates/0/parameters/1/allowed", Json(Json::Array{})),
            "policy_parameter_allowed");
  EXPECT_EQ(reason("templates/0/parameters/1/range", Json(Json::Array{"a", "b"})),
            "policy_parameter_unbounded");
  EXPECT_EQ(reason(first + "default", "x"), "policy_parameter_value");
  EXPECT_EQ(reason(first + "hint", "x"), "policy_malformed");
  EXPECT_EQ(reason("templates/0/note", "x"), "policy_malformed");
  EXPECT_EQ(reason("templates/0/approved_by/0/digest", "00"), "policy_malformed");
}

TEST(TemplateUse, HasEachValueInItsType) {
  const std::vector<Template> templates = {example()};
  const auto use =
      TemplateUse::make(templates, call_of(example(), {{"least", "9"}, {"store", "south"}}));
  ASSERT_TRUE(use);
  EXPECT_EQ(use->sql(), example().sql);
  ASSERT_EQ(use->values().size(), 2u);
  EXPECT_EQ(use->values()[0].value, Cell(std::int64_t{9}));
  EXPECT_EQ(use->values()[1].value, Cell(std::string("south")));
  EXPECT_TRUE(use->is_approved_by("newsnow"));
  EXPECT_FALSE(use->is_approved_by("agency"));
}

TEST(TemplateUse, IsOfThePolicysTemplateOnly) {
  packet::TemplateCall call = call_of(example(), {{"least", "1"}, {"store", "north"}});
  EXPECT_EQ(used(call), "ok");
  call.digest[31] ^= 1;
  EXPECT_EQ(used(call), "template_digest_wrong");
  call.version = 2;
  EXPECT_EQ(used(call), "template_version_wrong");
  call.name = "reach";
  EXPECT_EQ(used(call), "template_unknown");
}

TEST(TemplateUse, WantsEachParameterAndNoOther) {
  EXPECT_EQ(asked({}), "parameter_missing");
  EXPECT_EQ(asked({{"least", "1"}}), "parameter_missing");
  EXPECT_EQ(asked({{"store", "north"}}), "parameter_missing");
  EXPECT_EQ(asked({{"least", "1"}, {"store", "north"}, {"zone", "1"}}), "parameter_unknown");
  EXPECT_EQ(asked({{"aaa", "1"}, {"least", "1"}, {"store", "north"}}), "parameter_unknown");
  EXPECT_EQ(asked({{"least", "1"}, {"least", "2"}, {"store", "north"}}), "parameter_unknown");
}

TEST(TemplateUse, ValuesHaveOneSpellingOfTheirType) {
  for (const char* text : {"", " 1", "1 ", "+1", "01", "1.0", "1e0", "0x1", "one", "NULL", "--1",
                           "1; DROP TABLE purchases", "99999999999999999999", "\xd9\xa1"}) {
    EXPECT_EQ(asked({{"least", text}, {"store", "north"}}), "parameter_malformed") << text;
  }
  EXPECT_EQ(asked({{"least", std::string(257, '1')}, {"store", "north"}}), "parameter_malformed");
  EXPECT_EQ(asked({{"least", "1"}, {"store", "no\nrth"}}), "parameter_malformed");
}

TEST(TemplateUse, ValuesAreWithinWhatIsAllowed) {
  EXPECT_EQ(asked({{"least", "0"}, {"store", "north"}}), "parameter_out_of_range");
  EXPECT_EQ(asked({{"least", "10"}, {"store", "north"}}), "parameter_out_of_range");
  EXPECT_EQ(asked({{"least", "-9223372036854775807"}, {"store", "north"}}),
            "parameter_out_of_range");
  for (const char* text : {"", "North", "north ", "north' OR 'a'='a", "east", "%"}) {
    EXPECT_EQ(asked({{"least", "1"}, {"store", text}}), "parameter_not_allowed") << text;
  }
}

TEST(TemplateUse, EachTypeReadsItsOwn) {
  const auto reads = [](ValueType type, std::string_view text) {
    const Parameter parameter{.name = "x", .type = type};
    const auto value = read_parameter(parameter, text);
    return value && print_parameter(parameter, *value) == text;
  };
  EXPECT_TRUE(reads({Type::date, 0}, "2025-02-28"));
  EXPECT_FALSE(reads({Type::date, 0}, "2025-02-29"));
  EXPECT_TRUE(reads({Type::decimal, 2}, "-1.50"));
  EXPECT_FALSE(reads({Type::decimal, 2}, "1.5"));
  EXPECT_TRUE(reads({Type::boolean, 0}, "true"));
  EXPECT_FALSE(reads({Type::boolean, 0}, "TRUE"));
  EXPECT_TRUE(reads({Type::text, 0}, "it's \"quoted\" \xe2\x82\xac -- $x"));
}

}  // namespace
}  // namespace gbx::policy
