using System.Globalization;

namespace Pup.Grains.Coordination;

/// <summary>The grain key of a partition: <c>orders/3</c>. A projection's name has no slash.</summary>
internal readonly record struct PartitionKey(string Projection, int Partition)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Projection}/{Partition}");

    /// <exception cref="FormatException">The key is not of that form.</exception>
    public static PartitionKey Parse(string key)
    {
        var slash = key.LastIndexOf('/');
        return slash > 0 && int.TryParse(key.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
            ? new PartitionKey(key[..slash], partition)
            : throw new FormatException($"'{key}' is no partition key; expected something like 'orders/3'.");
    }
}
