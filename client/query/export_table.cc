#include "client/query/export_table.h"

#include <duckdb.h>
#include <unistd.h>

#include <system_error>

#include "client/keys/atomic_file.h"
#include "client/policy/mistake.h"

namespace gbx::client {
namespace {

constexpr unsigned kMode = 0644;

// One column of what is written: a column of the answer, or one end of its interval.
struct Field {
  std::string name;
  ValueType type;
  std::size_t column = 0;
  enum class Part : std::uint8_t { value, low, high } part = Part::value;
};

bool has_interval(const packet::Output& computed) {
  const bool number = computed.type.type == Type::integer || computed.type.type == Type::decimal;
  return number && !computed.inputs.empty() && !computed.inputs.front().statistics.empty();
}

std::vector<Field> fields_of(const packet::AnswerTable& table) {
  std::vector<Field> out;
  for (std::size_t i = 0; i < table.columns.size(); i++) {
    const packet::Output& column = table.columns[i];
    out.push_back({column.name, column.type, i, Field::Part::value});
    const bool computed = column.kind == packet::OutputKind::computed && has_interval(column);
    if (column.kind != packet::OutputKind::noised && !computed) continue;
    out.push_back({column.name + "_low", column.type, i, Field::Part::low});
    out.push_back({column.name + "_high", column.type, i, Field::Part::high});
  }
  return out;
}

// The text of a field; nullopt for NULL.
std::optional<std::string> text_of(const packet::OutputCell& cell, const Field& field) {
  if (field.part != Field::Part::value) {
    if (!cell.interval) return std::nullopt;
    return format_value(field.part == Field::Part::low ? cell.interval->low : cell.interval->high,
                        field.type);
  }
  if (const auto* number = std::get_if<std::int64_t>(&cell.value)) {
    return format_value(*number, field.type);
  }
  if (const auto* text = std::get_if<std::string>(&cell.value)) return *text;
  return std::nullopt;
}

std::string csv_field(const std::string& text, bool is_null) {
  // An empty text is quoted, so that it is not taken for NULL.
  if (is_null || (!text.empty() && text.find_first_of(",\"\r\n") == std::string::npos)) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string in_quotes(std::string_view name, char quote) {
  std::string out(1, quote);
  for (const char c : name) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

std::string duckdb_type(ValueType type) {
  switch (type.type) {
    case Type::boolean: return "BOOLEAN";
    case Type::integer: return "BIGINT";
    case Type::decimal: return "DECIMAL(18," + std::to_string(type.scale) + ")";
    case Type::date: return "DATE";
    case Type::timestamp: return "TIMESTAMP";
    case Type::text: break;
  }
  return "VARCHAR";
}

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
  throw Mistake("the table was not written", path.string(), why,
                "check the folder and its permissions");
}

// A database in memory that lives as long as one export.
class Scratch {
 public:
  explicit Scratch(const std::filesystem::path& target) : target_(target) {
    if (duckdb_open(nullptr, &database_) != DuckDBSuccess) fail(target_, "no database in memory");
    if (duckdb_connect(database_, &connection_) != DuckDBSuccess) {
      fail(target_, "no database in memory");
    }
  }
  ~Scratch() {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  Scratch(Scratch&&) = delete;
  Scratch& operator=(Scratch&&) = delete;

  void run(const std::string& sql) {
    duckdb_result result;
    const bool done = duckdb_query(connection_, sql.c_str(), &result) == DuckDBSuccess;
    const char* error = done ? nullptr : duckdb_result_error(&result);
    const std::string why = error == nullptr ? "the engine failed" : error;
    duckdb_destroy_result(&result);
    if (!done) fail(target_, why);
  }

  void append(const packet::AnswerTable& table, const std::vector<Field>& fields) {
    duckdb_appender appender = nullptr;
    bool good = duckdb_appender_create(connection_, nullptr, "answer", &appender) == DuckDBSuccess;
    for (std::size_t row = 0; good && row < table.rows.size(); row++) {
      for (const Field& field : fields) {
        const auto text = text_of(table.rows[row][field.column], field);
        const duckdb_state state =
            text ? duckdb_append_varchar_length(appender, text->data(), text->size())
                 : duckdb_append_null(appender);
        good = good && state == DuckDBSuccess;
      }
      good = good && duckdb_appender_end_row(appender) == DuckDBSuccess;
    }
    good = good && duckdb_appender_close(appender) == DuckDBSuccess;
    duckdb_appender_destroy(&appender);
    if (!good) fail(target_, "a value of the answer does not fit Parquet");
  }

 private:
  std::filesystem::path target_;
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

}  // namespace

std::string to_csv(const packet::AnswerTable& table) {
  const std::vector<Field> fields = fields_of(table);
  std::string out;
  for (std::size_t i = 0; i < fields.size(); i++) {
    out += (i > 0 ? "," : "") + csv_field(fields[i].name, false);
  }
  out += "\n";
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < fields.size(); i++) {
      const auto text = text_of(row[fields[i].column], fields[i]);
      out += (i > 0 ? "," : "") + csv_field(text.value_or(""), !text);
    }
    out += "\n";
  }
  return out;
}

void write_csv(const packet::AnswerTable& table, const std::filesystem::path& path) {
  if (!write_file(path, to_csv(table), kMode)) fail(path, "the file cannot be written");
}

void write_parquet(const packet::AnswerTable& table, const std::filesystem::path& path) {
  const std::vector<Field> fields = fields_of(table);
  std::string columns;
  for (const Field& field : fields) {
    columns +=
        (columns.empty() ? "" : ", ") + in_quotes(field.name, '"') + " " + duckdb_type(field.type);
  }
  const std::filesystem::path draft =
      path.string() + ".new-" + std::to_string(static_cast<long>(::getpid()));
  std::error_code ignored;
  try {
    Scratch scratch(path);
    scratch.run("CREATE TABLE answer (" + columns + ")");
    scratch.append(table, fields);
    scratch.run("COPY answer TO " + in_quotes(draft.string(), '\'') + " (FORMAT parquet)");
    std::filesystem::rename(draft, path);
  } catch (const std::filesystem::filesystem_error& error) {
    std::filesystem::remove(draft, ignored);
    fail(path, error.code().message());
  } catch (const Mistake&) {
    std::filesystem::remove(draft, ignored);
    throw;
  }
}

}  // namespace gbx::client
