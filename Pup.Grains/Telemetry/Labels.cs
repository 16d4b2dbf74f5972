namespace Pup.Grains.Telemetry;

/// <summary>Names of labels; <see cref="Projection"/> is pupsourcing's.</summary>
internal static class Labels
{
    public const string Projection = "projection_name";
    public const string Partition = "partition";
    public const string Silo = "silo";
    public const string State = "state";
}
