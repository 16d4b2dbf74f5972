using System.Globalization;

namespace Pup.Silo.Configuration;

/// <summary>Reads the text of an option. Null stands for "that is not one".</summary>
internal static class SettingValue
{
    private static readonly (string Suffix, TimeSpan Unit)[] Durations =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1)),
    ];

    private static readonly (string Suffix, long Unit)[] Sizes = [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30)];

    public static bool CanParse(Type type) =>
        type == typeof(string) || type == typeof(bool) || type == typeof(int) || type == typeof(long)
        || type == typeof(TimeSpan) || type.IsEnum;

    public static string Describe(Type type) =>
        type == typeof(bool) ? "true or false"
        : type == typeof(int) ? "a whole number"
        : type == typeof(long) ? "a whole number, also with KiB, MiB or GiB,"
        : type == typeof(TimeSpan) ? "a duration above zero with its unit, such as 250ms, 30s, 5m, 1h or 00:00:30"
        : type.IsEnum ? "one of " + string.Join(", ", Enum.GetNames(type))
        : "a text";

    public static object? Parse(Type type, string text)
    {
        text = text.Trim();
        return type == typeof(string) ? text
            : type == typeof(bool) ? ParseBool(text)
            : type == typeof(int) ? (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var i) ? i : null)
            : type == typeof(long) ? ParseSize(text)
            : type == typeof(TimeSpan) ? ParseDuration(text)
            : text.Length > 0 && char.IsLetter(text[0]) && Enum.TryParse(type, text, ignoreCase: true, out var e) ? e
            : null;
    }

    /// <summary>A value in the words in which it is read.</summary>
    public static string Write(object? value) => value switch
    {
        bool flag => flag ? "true" : "false",
        TimeSpan span => Durations.AsEnumerable().Reverse().Where(duration => span.Ticks % duration.Unit.Ticks == 0)
            .Select(duration => string.Create(CultureInfo.InvariantCulture, $"{span.Ticks / duration.Unit.Ticks}{duration.Suffix}")).FirstOrDefault() ?? span.ToString(),
        long number and > 0 when Sizes.AsEnumerable().Reverse().FirstOrDefault(size => number % size.Unit == 0) is ({ } suffix, var unit) =>
            string.Create(CultureInfo.InvariantCulture, $"{number / unit} {suffix}"),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private static object? ParseBool(string text) => text.ToLowerInvariant() switch
    {
        "true" or "1" or "yes" or "on" => true,
        "false" or "0" or "no" or "off" => false,
        _ => null,
    };

    private static object? ParseSize(string text)
    {
        var unit = 1L;
        foreach (var (suffix, size) in Sizes)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
                (text, unit) = (text[..^suffix.Length].TrimEnd(), size);
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number <= long.MaxValue / unit
            ? number * unit
            : null;
    }

    // A bare number is refused: TimeSpan.Parse takes "30" for thirty days.
    private static TimeSpan? ParseDuration(string text)
    {
        if (text.Contains(':', StringComparison.Ordinal))
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var span) ? span : null;
        foreach (var (suffix, unit) in Durations)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                && number * unit.TotalMilliseconds < TimeSpan.MaxValue.TotalMilliseconds)
                return number * unit;
        }

        return null;
    }
}
