namespace Pup.Client.Operations;

/// <summary>There is no projection of that name.</summary>
[GenerateSerializer, Alias("Pup.ProjectionNotFoundException")]
public sealed class ProjectionNotFoundException : Exception
{
    /// <param name="projection">The name that was asked for.</param>
    public ProjectionNotFoundException(string projection)
        : base($"There is no projection '{projection}'. Run `pup list` to see those that exist.") => Projection = projection;

    /// <summary>The name that was asked for.</summary>
    [Id(0)]
    public string Projection { get; }
}
