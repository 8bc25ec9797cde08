#include <cstdio>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "quantier/checkpoint/adapter/base_directory.h"
#include "quantier/cli/commands.h"
#include "quantier/cli/standard_input.h"
#include "quantier/dataset/dataset.h"
#include "quantier/tokenizer/tokenizer.h"

namespace quantier::cli {
namespace {

struct Options {
  std::string directory;
  std::optional<std::filesystem::path> base;
  std::string data;
  std::optional<std::size_t> max_length;
  std::string text_column;
};

// "[1,2,3]\n" appended; written by hand because a split has hundreds of thousands of ids.
void append_ids(std::string& out, const Encoding& encoding) {
  out.push_back('[');
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    if (i > 0) out.push_back(',');
    fmt::format_to(std::back_inserter(out), "{}", encoding.ids[i]);
  }
  out.append("]\n");
}

Status tokenize(const Options& options) {
  QT_TRY(const std::filesystem::path directory, find_tokenizer_directory({options.directory, options.base}));
  QT_TRY(const Tokenizer tokenizer, Tokenizer::load(directory));
  Dataset data;
  if (options.data == "-") {
    data.texts = lines_of_standard_input();
  } else {
    QT_TRY(data, read_dataset(options.data, ColumnNames{options.text_column, {}, {}}, {}));
  }
  std::string out;
  for (std::size_t i = 0; i < data.texts.size(); ++i) {
    Result<Encoding> encoding = tokenizer.encode(data.texts[i], options.max_length);
    if (!encoding) {
      Error error = std::move(encoding).error();
      error.where = fmt::format("{}, example {}{}{}", options.data, i + 1, error.where.empty() ? "" : ", ",
                                error.where);
      return std::unexpected(std::move(error));
    }
    append_ids(out, *encoding);
    if (out.size() > (std::size_t{1} << 16) || i + 1 == data.texts.size()) {
      if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size()) {
        return fail(ErrorKind::kEnvironment, "cannot write standard output", "", "", "is the disk full?");
      }
      out.clear();
    }
  }
  if (std::fflush(stdout) != 0) return fail(ErrorKind::kEnvironment, "cannot write standard output");
  return {};
}

}  // namespace

void add_tokenize(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand(
      "tokenize", "Print the token ids of every text: one JSON array a line, in file order");
  auto options = std::make_shared<Options>();
  command->add_option("MODEL_DIR", options->directory, "Directory with tokenizer.json, or a PEFT adapter")
      ->required();
  command->add_option("--base", options->base, kBaseHelp);
  command
      ->add_option("--data", options->data,
                   "JSONL or CSV file with the texts; - for one text a line on standard input")
      ->required();
  command
      ->add_option("--max-length", options->max_length,
                   "Cut to this many tokens, special ones included (default: what tokenizer.json says)")
      ->check(CLI::PositiveNumber);
  command->add_option("--text-col", options->text_column, "Column with the text (default: found by name)");
  command->add_flag("--json", session.json, "Errors as JSON; the output is JSON lines in any case");
  command->callback([options, &session] {
    if (const Status status = tokenize(*options); !status) session.report(status.error());
  });
}

}  // namespace quantier::cli
