#include "quantier/note/drawing.h"

#include <charconv>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace quantier::note_internal {
namespace {

// Far more than a page could show.
constexpr double kLargest = 1e6;

struct Element {
  std::string_view name;
  std::map<std::string_view, std::string_view> attributes;
  std::string_view content;  // of <title> and <text>
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Drawing> drawing() {
    QT_TRY(const Element root, open_tag());
    if (root.name != "svg") return bad("an <svg>");
    Drawing drawing;
    QT_TRY(drawing.width, number(root, "width"));
    QT_TRY(drawing.height, number(root, "height"));
    if (!(drawing.width > 0.0) || !(drawing.height > 0.0)) return bad("a size above zero");
    while (true) {
      skip_space();
      if (text_.substr(at_).starts_with("</svg>")) return drawing;
      QT_TRY(const Element element, open_tag());
      if (element.name == "title") continue;
      QT_TRY(Shape read, shape(element));
      drawing.shapes.push_back(std::move(read));
    }
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;

  [[nodiscard]] std::unexpected<Error> bad(std::string_view wanted) const {
    return fail(ErrorKind::kCorruptData, "a figure cannot be read as shapes", fmt::format("byte {}", at_),
                fmt::format("expected {}", wanted));
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }

  // `<name a="b" ...>` or `<name a="b" ... />`; an element that is not closed at once ends with its text,
  // except the root.
  Result<Element> open_tag() {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != '<') return bad("an element");
    const std::size_t name_end = text_.find_first_of(" />", ++at_);
    if (name_end == std::string_view::npos) return bad("the end of a name");
    Element element;
    element.name = text_.substr(at_, name_end - at_);
    at_ = name_end;
    while (true) {
      skip_space();
      const std::string_view rest = text_.substr(at_);
      if (rest.starts_with("/>")) {
        at_ += 2;
        return element;
      }
      if (rest.starts_with(">")) {
        ++at_;
        if (element.name == "svg") return element;
        const std::string end = fmt::format("</{}>", element.name);
        const std::size_t content_end = text_.find(end, at_);
        if (content_end == std::string_view::npos) return bad(end);
        element.content = text_.substr(at_, content_end - at_);
        if (element.content.find('<') != std::string_view::npos) return bad("text alone");
        at_ = content_end + end.size();
        return element;
      }
      const std::size_t equals = text_.find("=\"", at_);
      const std::size_t close = equals == std::string_view::npos ? equals : text_.find('"', equals + 2);
      if (close == std::string_view::npos) return bad("an attribute");
      element.attributes[text_.substr(at_, equals - at_)] = text_.substr(equals + 2, close - equals - 2);
      at_ = close + 1;
    }
  }

  // One number at the front of `text`, which it is taken from; spaces and commas in front are skipped.
  Result<double> take_number(std::string_view& text) const {
    while (!text.empty() && (text.front() == ' ' || text.front() == ',')) text.remove_prefix(1);
    double value = 0.0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || !std::isfinite(value) || std::abs(value) > kLargest) return bad("a number");
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
  }

  Result<double> number(const Element& element, std::string_view name) const {
    const auto found = element.attributes.find(name);
    if (found == element.attributes.end()) return bad(fmt::format("the attribute {}", name));
    std::string_view text = found->second;
    QT_TRY(const double value, take_number(text));
    if (!text.empty()) return bad(fmt::format("one number as {}", name));
    return value;
  }

  Result<Paint> paint(std::string_view text) const {
    if (text == "none") return Paint{};
    if (text == "currentColor") return Paint{false, std::nullopt};
    constexpr std::size_t kHex = 7;  // "#0072B2"
    unsigned value = 0;
    if (text.size() != kHex || text.front() != '#') return bad("a colour");
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + kHex, value, 16);
    if (error != std::errc() || end != text.data() + kHex) return bad("a colour");
    return Paint{false, Rgb{static_cast<int>(value >> 16U), static_cast<int>((value >> 8U) & 255U),
                            static_cast<int>(value & 255U)}};
  }

  Result<ShapeStyle> style(const Element& element) const {
    ShapeStyle style;
    style.fill = {false, Rgb{0, 0, 0}};  // as SVG has it
    for (const auto& [name, value] : element.attributes) {
      std::string_view rest = value;
      if (name == "stroke") {
        QT_TRY(style.stroke, paint(value));
      } else if (name == "fill") {
        QT_TRY(style.fill, paint(value));
      } else if (name == "stroke-width") {
        QT_TRY(style.stroke_width, take_number(rest));
      } else if (name == "opacity") {
        QT_TRY(style.opacity, take_number(rest));
      } else if (name == "fill-opacity") {
        QT_TRY(style.fill_opacity, take_number(rest));
      } else if (name == "stroke-opacity") {
        QT_TRY(style.stroke_opacity, take_number(rest));
      } else if (name == "stroke-linecap") {
        style.round_caps = value == "round";
      } else if (name == "stroke-dasharray") {
        while (!rest.empty()) {
          QT_TRY(const double dash, take_number(rest));
          if (dash < 0.0) return bad("dashes above zero");
          style.dashes.push_back(dash);
        }
      } else if (!known(name)) {
        return bad(fmt::format("no attribute {}", name));
      }
    }
    return style;
  }

  static bool known(std::string_view name) {
    for (const char* each : {"x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "width", "height", "points",
                             "class", "text-anchor", "font-size", "transform"}) {
      if (name == each) return true;
    }
    return false;
  }

  static std::string unescaped(std::string_view text) {
    constexpr std::pair<std::string_view, char> kEntities[] = {
        {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
    std::string out;
    while (!text.empty()) {
      std::size_t taken = 1;
      char c = text.front();
      for (const auto& [entity, meaning] : kEntities) {
        if (!text.starts_with(entity)) continue;
        c = meaning;
        taken = entity.size();
        break;
      }
      out += c;
      text.remove_prefix(taken);
    }
    return out;
  }

  Status read_points(const Element& element, Shape& shape) const {
    const auto found = element.attributes.find("points");
    if (found == element.attributes.end()) return bad("points");
    std::string_view rest = found->second;
    while (rest.find_first_not_of(' ') != std::string_view::npos) {
      QT_TRY(const double x, take_number(rest));
      QT_TRY(const double y, take_number(rest));
      shape.points.push_back({x, y});
    }
    return {};
  }

  Status read_text(const Element& element, Shape& shape) const {
    shape.what = Shape::What::kText;
    QT_TRY(const double x, number(element, "x"));
    QT_TRY(const double y, number(element, "y"));
    QT_TRY(shape.size, number(element, "font-size"));
    shape.points = {{x, y}};
    shape.text = unescaped(element.content);
    if (const auto anchor = element.attributes.find("text-anchor"); anchor != element.attributes.end()) {
      shape.anchor = anchor->second == "middle" ? 0.5 : (anchor->second == "end" ? 1.0 : 0.0);
    }
    if (const auto turn = element.attributes.find("transform"); turn != element.attributes.end()) {
      constexpr std::string_view kRotate = "rotate(";
      if (!turn->second.starts_with(kRotate)) return bad("a rotation");
      std::string_view rest = turn->second.substr(kRotate.size());
      QT_TRY(shape.rotate, take_number(rest));
    }
    return {};
  }

  Result<Shape> shape(const Element& element) const {
    Shape shape;
    QT_TRY(shape.style, style(element));
    if (element.name == "line") {
      QT_TRY(const double x1, number(element, "x1"));
      QT_TRY(const double y1, number(element, "y1"));
      QT_TRY(const double x2, number(element, "x2"));
      QT_TRY(const double y2, number(element, "y2"));
      shape.points = {{x1, y1}, {x2, y2}};
      shape.style.fill = {};
    } else if (element.name == "polyline" || element.name == "polygon") {
      QT_TRY_STATUS(read_points(element, shape));
      shape.closed = element.name == "polygon";
    } else if (element.name == "rect") {
      QT_TRY(const double x, number(element, "x"));
      QT_TRY(const double y, number(element, "y"));
      QT_TRY(const double width, number(element, "width"));
      QT_TRY(const double height, number(element, "height"));
      shape.points = {{x, y}, {x + width, y}, {x + width, y + height}, {x, y + height}};
      shape.closed = true;
    } else if (element.name == "circle") {
      shape.what = Shape::What::kCircle;
      QT_TRY(const double x, number(element, "cx"));
      QT_TRY(const double y, number(element, "cy"));
      QT_TRY(shape.radius, number(element, "r"));
      shape.points = {{x, y}};
    } else if (element.name == "text") {
      QT_TRY_STATUS(read_text(element, shape));
    } else {
      return bad(fmt::format("an element that figures have, not <{}>", element.name));
    }
    return shape;
  }
};

}  // namespace

Result<Drawing> read_drawing(std::string_view svg) { return Reader(svg).drawing(); }

}  // namespace quantier::note_internal
