using System.Globalization;

namespace Pup.Silo.Doctor;

/// <summary>Ages and counts as a person says them.</summary>
internal static class Words
{
    public static string Of(TimeSpan age) => age switch
    {
        { TotalSeconds: < 100 } => $"{age.TotalSeconds:0} s",
        { TotalMinutes: < 100 } => $"{age.TotalMinutes:0} min",
        { TotalHours: < 48 } => $"{age.TotalHours:0} h",
        _ => $"{age.TotalDays:0} days",
    };

    /// <summary>A number of things: <c>1 key</c>, <c>2,000 keys</c>.</summary>
    public static string Count(long number, string one) => string.Create(CultureInfo.InvariantCulture, $"{number:N0} {one}{(number == 1 ? "" : "s")}");

    /// <summary>Some of them by name, the rest by number.</summary>
    public static string Some(IEnumerable<string> names, int most = 5)
    {
        var all = names.ToList();
        return all.Count <= most ? string.Join(", ", all) : $"{string.Join(", ", all.Take(most))} and {all.Count - most} more";
    }

    /// <summary>A session as an operator finds it.</summary>
    public static string Session(int? pid, string? application) =>
        pid is null or 0 ? "a prepared transaction" : string.IsNullOrEmpty(application) ? $"pid {pid}" : $"pid {pid} ({application})";
}
