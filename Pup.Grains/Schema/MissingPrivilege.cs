namespace Pup.Grains.Schema;

/// <summary>A privilege that a silo's role needs and has not.</summary>
/// <param name="Role">The role.</param>
/// <param name="Privilege">What it may not, for example SELECT, or several with commas between them.</param>
/// <param name="On">On what, for example "table events".</param>
/// <param name="Grant">The statement that grants it.</param>
internal sealed record MissingPrivilege(string Role, string Privilege, string On, string Grant)
{
    public override string ToString() => $"Role '{Role}' needs {Privilege} on {On}: run `{Grant}`.";
}
