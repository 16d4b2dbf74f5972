using System.Globalization;
using System.Text.RegularExpressions;

namespace Pup.Grains.Checkpoints;

/// <summary>
/// The name of a partition's checkpoint row: <c>orders</c> when the projection has one partition, <c>orders_p3</c>
/// when it has several. The rule is pupsourcing's, so that its rows are found.
/// </summary>
internal static partial class CheckpointName
{
    private const int MaxLength = 100;

    public static string Of(string projection, int partition, int partitions) =>
        partitions == 1 ? projection : string.Create(CultureInfo.InvariantCulture, $"{projection}_p{partition}");

    /// <summary>Says what is wrong with a projection's name, or null when nothing is.</summary>
    public static string? Problem(string projection) => projection switch
    {
        "" => "A projection needs a name.",
        { Length: > MaxLength } => $"Projection name '{projection[..20]}…' is {projection.Length} characters long; at most {MaxLength} are allowed.",
        _ when !Letters().IsMatch(projection) => $"Projection name '{projection}' may contain only letters, digits, '_', '.' and '-'.",
        _ when PartitionSuffix().IsMatch(projection) => $"Projection name '{projection}' ends in '_p' and digits, which is how checkpoints of partitions are named; choose another name.",
        _ => null,
    };

    /// <summary>The partition index in a row name of this projection; -1 for the unpartitioned row, null for another projection's row.</summary>
    public static int? IndexOf(string row, string projection)
    {
        if (row == projection)
            return -1;
        if (!row.StartsWith(projection + "_p", StringComparison.Ordinal))
            return null;
        return int.TryParse(row.AsSpan(projection.Length + 2), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_.\-]+\z")]
    private static partial Regex Letters();

    [GeneratedRegex(@"_p[0-9]+\z")]
    private static partial Regex PartitionSuffix();
}
