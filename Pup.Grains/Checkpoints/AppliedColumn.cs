using System.Text.Json;
using System.Text.Json.Serialization;
using Pup.Grains.Partitions;

namespace Pup.Grains.Checkpoints;

/// <summary>
/// The column <c>applied</c> of a checkpoint row: <c>{"position":1200,"vectors":[[900,1400]]}</c>. Written together with the position,
/// by every owner, as long as any row of the projection carries a vector; null otherwise.
/// </summary>
/// <param name="Position">Pup's own copy of the row's position: a row that is lower was moved back by somebody else.</param>
/// <param name="Vectors">What this partition must skip.</param>
internal sealed record AppliedColumn(long Position, AppliedVectors Vectors)
{
    private static readonly JsonSerializerOptions _options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>The column once the partition is at this position.</summary>
    public AppliedColumn At(long position) => new(position, Vectors.Beyond(position));

    public static AppliedColumn? Parse(string? json)
    {
        if (json is null || JsonSerializer.Deserialize<Stored>(json, _options) is not { } stored)
            return null;
        return new AppliedColumn(stored.Position, AppliedVectors.Of((stored.Vectors ?? []).Select(static positions => new AppliedVector(positions))));
    }

    public string ToJson() => JsonSerializer.Serialize(
        new Stored(Position, Vectors.IsEmpty ? null : [.. Vectors.All.Select(static vector => vector.Positions)]), _options);

    private sealed record Stored(long Position, IReadOnlyList<IReadOnlyList<long>>? Vectors);
}
