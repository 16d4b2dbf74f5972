namespace Pup.Grains.Telemetry;

/// <summary>A silo's name in a label: its address without the generation, which would make new series at each of its starts.</summary>
internal static class SiloLabel
{
    public static string Of(string? silo) => silo is null ? "" : silo.Split('@')[0];
}
