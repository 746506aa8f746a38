// Runs tests/sql/**/*.test (README.md has the format): each statement through DuckDB's parser, our
// parser, binder and firewall. With GLOVEBOX_BLESS set, writes what happened into the files
// instead; read the difference before you keep it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/sql/rooms.h"
#include "tests/sql/syntax_tree.h"
#include "trusted/firewall/check.h"
#include "trusted/firewall/derived.h"

namespace gbx::testing {
namespace {

namespace fs = std::filesystem;

struct Case {
  std::size_t line = 0;
  std::string room;
  std::string member;
  std::uint64_t epsilon = 0;
  // "set name type value" lines: the statement is a template of these parameters.
  std::vector<policy::Parameter> values;
  std::string name = "test";
  bool approved = true;
  std::vector<std::string> derived;  // "NAME SQL", in order, by the member that asks
  std::string define;                // the statement is the definition of this one
  std::string expected;              // after "statement "
  std::string sql;
  std::string detail;  // after ----
};

struct TestFile {
  std::vector<std::string> lines;
  std::vector<Case> cases;
};

bool starts(const std::string& text, std::string_view with) { return text.rfind(with, 0) == 0; }

// "least integer 5": a parameter that allows this value and no other.
policy::Parameter parameter_of(const std::string& text) {
  const std::size_t second = text.find(' ') + 1;
  const std::size_t third = text.find(' ', second) + 1;
  policy::Parameter out;
  out.name = text.substr(0, second - 1);
  out.type.type = *type_from(text.substr(second, third - second - 1));
  const std::string value = text.substr(third);
  if (out.type.type == Type::decimal) {
    out.type.scale = static_cast<std::uint8_t>(value.size() - value.find('.') - 1);
  }
  out.allowed = {*policy::read_parameter(out, value)};
  return out;
}

TestFile read(const fs::path& path) {
  TestFile out;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) out.lines.push_back(line);
  Case now;
  for (std::size_t i = 0; i < out.lines.size(); i++) {
    const std::string& line = out.lines[i];
    if (starts(line, "room ")) now.room = line.substr(5);
    if (starts(line, "room ") || line == "forget") now.derived.clear();
    if (starts(line, "derived ")) now.derived.push_back(line.substr(8));
    if (starts(line, "define ")) now.define = line.substr(7);
    if (starts(line, "as ")) now.member = line.substr(3);
    if (starts(line, "epsilon ")) now.epsilon = *privacy::parse_epsilon(line.substr(8));
    if (starts(line, "set ")) now.values.push_back(parameter_of(line.substr(4)));
    if (line == "not approved") now.approved = false;
    if (starts(line, "template ")) now.name = line.substr(9);
    if (!starts(line, "statement ")) continue;
    Case next = now;
    next.line = i + 1;
    next.expected = line.substr(10);
    std::string* part = &next.sql;
    for (i++; i < out.lines.size() && !out.lines[i].empty(); i++) {
      if (out.lines[i] == "----") {
        part = &next.detail;
        continue;
      }
      *part += (part->empty() ? "" : "\n") + out.lines[i];
    }
    out.cases.push_back(next);
    now.epsilon = 0;
    now.values.clear();
    now.approved = true;
    now.name = "test";
    now.define.clear();
  }
  return out;
}

// What a test says about a statement: the first line, and what was made of it.
struct Outcome {
  std::string summary;
  std::string detail;
};

std::string describe(const sql::Measure& measure) {
  constexpr const char* kNames[] = {"rows",     "values",    "sum",        "centred",
                                    "distinct", "histogram", "magnitudes", "bounded"};
  std::string out = kNames[static_cast<std::size_t>(measure.kind)];
  if (measure.kind == sql::MeasureKind::sum || measure.kind == sql::MeasureKind::centred) {
    out += " row " + std::to_string(measure.row_low) + ".." + std::to_string(measure.row_high);
  }
  for (const std::uint32_t place : measure.watched) out += " " + std::to_string(place);
  if (measure.kind == sql::MeasureKind::magnitudes) out += " bins " + std::to_string(measure.bins);
  return out + " person " + std::to_string(measure.low) + ".." + std::to_string(measure.high);
}

std::string describe(const firewall::CheckedQuery& query) {
  const privacy::Plan& plan = query.plan();
  std::string out = query.canonical() + "\nprice " +
                    format_loss(plan.accounting, plan.price().loss) + " people " +
                    std::to_string(plan.people_min) + " groups " +
                    std::to_string(query.task().groups_per_person);
  if (plan.replaces) out += " x 2";
  for (const sql::Measure& measure : query.task().measures) out += "\n" + describe(measure);
  return out;
}

// The statement as a template that all owners have approved, or nobody.
std::optional<policy::TemplateUse> template_of(const Case& test, const policy::Policy& policy) {
  if (test.values.empty()) return std::nullopt;
  policy::Template entry{.name = test.name, .sql = test.sql, .parameters = test.values};
  std::sort(entry.parameters.begin(), entry.parameters.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  packet::TemplateCall call{test.name, 1, policy::template_digest(entry), {}};
  for (const policy::Parameter& parameter : entry.parameters) {
    const std::string value = policy::print_parameter(parameter, parameter.allowed[0]);
    call.arguments.push_back({parameter.name, value});
  }
  for (const policy::Member& member : policy.members) {
    if (test.approved) entry.approved_by.push_back({member.name, call.digest});
  }
  return *policy::TemplateUse::make(std::span(&entry, 1), call);
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += " " + word;
  return out;
}

std::string describe(const firewall::DerivedTable& table) {
  return "columns" + joined(table.columns) + "\ntables" + joined(table.tables) + "\nhours " +
         std::to_string(table.retention_s / 3600);
}

Outcome refused(const Error& error) {
  std::string place;
  if (error.where.end > 0) {
    place = std::to_string(error.where.begin) + ".." + std::to_string(error.where.end) + " ";
  }
  return {"refused " + std::string(error_code_name(error.code)) + " " + place +
              std::string(error.reason.view()),
          ""};
}

Outcome run(DuckdbParser& parser, const Case& test) {
  const auto policy = room_called(test.room);
  if (!policy) return {"no such room", ""};
  std::vector<sql::Derived> derived;
  const auto define = [&](const std::string& name, const std::string& sql) {
    return firewall::admit_derived({test.member, name, sql, parser.tree(sql)}, policy->policy(),
                                   derived);
  };
  for (const std::string& line : test.derived) {
    const std::size_t end = line.find(' ');
    auto made = define(line.substr(0, end), line.substr(end + 1));
    if (!made) return {line + ": " + std::string(made.error().reason.view()), ""};
    derived.push_back(std::move(made->rows));
  }
  if (!test.define.empty()) {
    const auto made = define(test.define, test.sql);
    return made ? Outcome{"accepted", describe(*made)} : refused(made.error());
  }
  const auto use = template_of(test, policy->policy());
  const auto checked = firewall::admit(parser.tree(test.sql), test.sql, *policy,
                                       {.member = test.member,
                                        .epsilon = test.epsilon,
                                        .use = use ? &*use : nullptr,
                                        .derived = derived});
  if (checked) return {"accepted", describe(*checked)};
  return refused(checked.error());
}

std::vector<fs::path> files() {
  std::vector<fs::path> out;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(GBX_SOURCE_DIR) / "tests/sql")) {
    if (entry.path().extension() == ".test") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

class Corpus : public ::testing::TestWithParam<fs::path> {};

void bless(const fs::path& path, const TestFile& file, const std::vector<Outcome>& outcomes) {
  std::ofstream out(path);
  std::size_t next = 0;
  for (std::size_t i = 0; i < file.lines.size(); i++) {
    if (!starts(file.lines[i], "statement ")) {
      out << file.lines[i] << "\n";
      continue;
    }
    const Outcome& outcome = outcomes[next];
    out << "statement " << outcome.summary << "\n" << file.cases[next].sql << "\n";
    if (!outcome.detail.empty() && !file.cases[next].detail.empty()) {
      out << "----\n" << outcome.detail << "\n";
    }
    while (i + 1 < file.lines.size() && !file.lines[i + 1].empty()) i++;
    next++;
  }
}

TEST_P(Corpus, Holds) {
  const TestFile file = read(GetParam());
  ASSERT_FALSE(file.cases.empty()) << GetParam();
  ASSERT_EQ(file.lines[0], "# name: " + fs::relative(GetParam(), GBX_SOURCE_DIR).string());
  DuckdbParser parser;
  std::vector<Outcome> outcomes;
  for (const Case& test : file.cases) outcomes.push_back(run(parser, test));
  if (std::getenv("GLOVEBOX_BLESS") != nullptr) return bless(GetParam(), file, outcomes);
  for (std::size_t i = 0; i < outcomes.size(); i++) {
    const Case& test = file.cases[i];
    EXPECT_EQ(outcomes[i].summary, test.expected) << GetParam().string() << ":" << test.line << "\n"
                                                  << test.sql;
    if (test.detail.empty()) continue;
    EXPECT_EQ(outcomes[i].detail, test.detail) << GetParam().string() << ":" << test.line;
  }
}

std::string name_of(const ::testing::TestParamInfo<fs::path>& info) {
  std::string out = fs::relative(info.param, fs::path(GBX_SOURCE_DIR) / "tests/sql").string();
  out.resize(out.size() - 5);
  std::replace_if(out.begin(), out.end(), [](char c) { return c == '/' || c == '.'; }, '_');
  return out;
}

INSTANTIATE_TEST_SUITE_P(sql, Corpus, ::testing::ValuesIn(files()), name_of);

// Every reason in the reference is refused with at least once, and every reason here is explained
// there.
TEST(CorpusCoverage, EveryReasonOfTheReferenceIsMet) {
  std::set<std::string> met;
  std::size_t cases = 0;
  for (const fs::path& path : files()) {
    for (const Case& test : read(path).cases) {
      cases++;
      met.insert(test.expected.substr(test.expected.rfind(' ') + 1));
    }
  }
  EXPECT_GE(cases, 200u);
  met.erase("accepted");
  std::ifstream in(fs::path(GBX_SOURCE_DIR) / "docs/reference/sql.md");
  std::set<std::string> listed;
  std::set<std::string> unreachable;  // marked †: not to be had by text alone
  bool refusals = false;
  for (std::string line; std::getline(in, line);) {
    refusals = refusals || line == "## Refusals";
    if (!refusals || !starts(line, "| `")) continue;
    const std::string word = line.substr(3, line.find('`', 3) - 3);
    if (line.find("†") != std::string::npos) {
      unreachable.insert(word);
    } else {
      listed.insert(word);
    }
  }
  for (const std::string& word : listed) EXPECT_TRUE(met.count(word)) << word << " has no case";
  for (const std::string& word : met) {
    EXPECT_TRUE(listed.count(word)) << word << " is not in docs/reference/sql.md";
    EXPECT_FALSE(unreachable.count(word)) << word << " is reached after all";
  }
}

}  // namespace
}  // namespace gbx::testing
